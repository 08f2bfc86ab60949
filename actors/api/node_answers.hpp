/// What this node answers to questions, its own and those of other nodes.
#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <utility>
#include <variant>

#include "actors/api/node_protocol.hpp"
#include "actors/messages/context.hpp"
#include "net/base/result.hpp"
#include "net/io/io_loop.hpp"

namespace starling::actors {

/// What only the program can carry out.
struct node_commands {
  std::function<void()> drain;
  std::function<bool(const std::string& level)> set_log_level;  ///< false: no such level
  std::function<mappings_answer()> mappings;
};

/// Asks this node's actors and engine. `answer` is called on the thread of `loop`, and so is its
/// `done`, once: what the actors give is shaped there, not in them.
class node_answers {
 public:
  template <class T>
  using done = std::function<void(result<T>)>;

  node_answers(node_context& node, node_commands commands)
      : node_(node), commands_(std::move(commands)) {}

  /// From now on nothing is answered any more, because the actors go: who asks is left without an
  /// answer. A loop that has passed a task after this call asks no actor again. Any thread.
  void close() noexcept { closed_ = true; }
  bool closed() const noexcept { return closed_; }

  /// `reply` gets the alternative that answers the question's.
  void answer(net::io_loop& loop, const question& asked, std::function<void(any_answer)> reply);
  template <class Question>
  void answer(net::io_loop& loop, Question asked, done<typename Question::answer> reply) {
    answer(loop, question(std::move(asked)), [reply = std::move(reply)](any_answer out) {
      reply(std::get<answer_to<Question>>(std::move(out)).given);
    });
  }

  /// Hands an event to the session that it names, if that is here. `reply`: on any thread.
  void deliver(event item, std::function<void(result<void>)> reply);

 private:
  /// One for each kind of question, in node_answers.cpp: without it the program does not link.
  template <class Question>
  void give(net::io_loop& loop, const Question& asked, done<typename Question::answer> reply);
  /// `shape` gets the users of a tenant with their sessions here, ascending by name, on the loop.
  /// Channels of whole tenants keep no list of members.
  void find_tenant_users(net::io_loop& loop, const tenant_id& tenant,
                         std::function<void(std::vector<net::presence_user>)> shape);

  net::node_stats counters() const;

  node_context& node_;
  node_commands commands_;
  std::atomic<bool> closed_{false};
};

}  // namespace starling::actors
