/// All rules of a node: which one a message is for, and what it becomes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/auth/signature.hpp"
#include "net/mapping/rule.hpp"

namespace starling::net {

enum class mapping_result : std::uint8_t {
  ok,         ///< published
  skipped,    ///< no rule is for it, or its rule does not want it
  bad,        ///< it does not fit its rule
  unsigned_,  ///< it is not signed as it must be
  duplicate   ///< the store had it
};
inline constexpr std::size_t mapping_result_count = 5;
std::string_view to_string(mapping_result result) noexcept;

/// A message of a foreign publisher.
struct foreign_message_view {
  std::string_view stream;  ///< the JetStream stream it was read from, or empty
  std::string_view subject;
  std::string_view body;
  std::string_view signature;  ///< header X-Event-Signature, or empty
};

struct mapping_verdict {
  mapping_result result = mapping_result::skipped;
  std::optional<std::size_t> rule;  ///< the one it was for
  std::string reason;               ///< for people, when it is not ok
  std::vector<mapped_event> events;
};

/// What is subscribed to. Disjoint: no message is heard twice.
struct mapping_source {
  std::string stream;  ///< empty: messages as they are published
  std::string subject;
};

/// Immutable once filled; any thread.
class rule_set {
 public:
  explicit rule_set(publish_limits limits) : limits_(limits) {}

  void add(mapping_rule rule) { rules_.push_back(std::move(rule)); }
  void require_signature(verifier key) { key_ = std::move(key); }

  /// The first rule of that stream that matches decides.
  mapping_verdict apply(const foreign_message_view& message) const {
    return apply(message, key_.has_value());
  }
  /// The same for a message that need not be signed.
  mapping_verdict try_out(const foreign_message_view& message) const {
    return apply(message, false);
  }
  std::vector<mapping_source> sources() const;

  bool empty() const noexcept { return rules_.empty(); }
  /// Some rule takes the tenant from the payload, which may not say it.
  bool tenants_may_be_unknown() const noexcept;
  const std::vector<mapping_rule>& rules() const noexcept { return rules_; }
  const publish_limits& limits() const noexcept { return limits_; }

 private:
  mapping_verdict apply(const foreign_message_view& message, bool must_be_signed) const;

  publish_limits limits_;
  std::vector<mapping_rule> rules_;
  std::optional<verifier> key_;
};

/// A payload may have this much around its event's data.
inline constexpr std::size_t payload_overhead_bytes = 256 * 1024;

}  // namespace starling::net
