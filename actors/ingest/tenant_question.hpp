/// What nodes that ingest ask each other about tenants, as text.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "net/base/clock.hpp"
#include "net/base/ids.hpp"
#include "net/mapping/rule.hpp"

namespace starling::actors {

/// The questions of one source of one node, one after the other, and what others say. A question is
/// `ask <source> <number> <node>` and lines that tenant_directory::answer() understands; its answer
/// `facts` with the same three, and lines for learn(). Everybody hears everything. Plain; one
/// thread.
class tenant_question {
 public:
  enum class kind : std::uint8_t {
    other,     ///< not for this node, or nonsense
    question,  ///< of another node
    facts      ///< in answer to a question of this node's, of whichever source
  };
  struct told {
    tenant_question::kind kind = tenant_question::kind::other;
    std::string_view head;  ///< without its first word
    std::string_view lines;
    bool current = false;  ///< facts: in answer to the latest question of this source
  };

  tenant_question(std::size_t source, node_id self) : source_(source), self_(std::move(self)) {}

  /// What to tell the others, as a new question. nullopt: the same was asked a moment ago, and what
  /// they know is known. A question of everybody's tenants may always be asked.
  std::optional<std::string> ask(const std::vector<net::mapped_event>& about, steady_time now);
  /// Of the latest question; 0: there was none.
  std::uint64_t number() const noexcept { return number_; }
  /// One more has answered the latest question: how many have.
  std::size_t count_answer() noexcept { return ++answers_; }

  /// Views of `words`.
  told read(std::string_view words) const;
  /// What to tell in answer to a question.
  static std::string answer(const told& question, std::string_view facts);

 private:
  std::string head() const;

  const std::size_t source_;
  const node_id self_;
  std::uint64_t number_ = 0;
  std::size_t answers_ = 0;
  std::unordered_map<std::string, steady_time> asked_;  ///< lines -> when last
};

}  // namespace starling::actors
