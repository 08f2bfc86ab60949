/// One rule: messages of some subjects as events.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "net/base/ids.hpp"
#include "net/base/result.hpp"
#include "net/mapping/value_template.hpp"
#include "net/wire/codec.hpp"

namespace starling::net {

/// A value as a rule's author wrote it. Texts are templates.
struct written_value {
  using list = std::vector<written_value>;
  struct entry;
  using table = std::vector<entry>;
  /// A text; or a constant: true, false or a number as JSON.
  struct constant {
    std::string json;
    friend bool operator==(const constant&, const constant&) = default;
  };
  std::variant<std::string, constant, list, table> data;

  friend bool operator==(const written_value& a, const written_value& b);
};

struct written_value::entry {
  entry(std::string key, written_value its) : name(std::move(key)), value(std::move(its)) {}

  std::string name;
  written_value value;

  friend bool operator==(const entry&, const entry&) = default;
};

inline bool operator==(const written_value& a, const written_value& b) { return a.data == b.data; }

/// A rule as written: what stands under one [[mapping]].
struct written_rule {
  std::map<std::string, written_value, std::less<>> values;  ///< by key
  std::string place;                                         ///< `node.toml:12`
  std::map<std::string, std::string, std::less<>> places;    ///< of each key

  /// Where it stands does not count.
  friend bool operator==(const written_rule& a, const written_rule& b) {
    return a.values == b.values;
  }
};

/// What a rule can have; used to check and to suggest.
inline constexpr std::array<std::string_view, 16> rule_keys{
    "subject", "stream",  "match", "each", "when",  "tenant",    "room",   "users",
    "all",     "exclude", "about", "id",   "event", "ephemeral", "member", "data"};

/// A key of a rule that cannot be carried out.
struct rule_fault {
  std::string key;      ///< of rule_keys; empty: the rule as a whole
  std::string message;  ///< what is wrong and what would be right
};

enum class member_change : std::uint8_t {
  none,
  add,
  remove
};

/// One event that a message became.
struct mapped_event {
  std::optional<tenant_id> tenant;  ///< nothing: the payload does not say. `*`: every tenant
  std::vector<std::string> rooms;
  std::vector<std::string> users;    ///< besides who is in the rooms
  bool everyone = false;             ///< all sessions of the tenant
  std::vector<std::string> exclude;  ///< users
  std::vector<std::string> about;    ///< users of its tenant, by whom it can be found
  std::string id;                    ///< empty: the message names none
  std::string name;                  ///< empty: only membership changes
  std::string data;                  ///< compact JSON, or the text itself when `data_is_text`
  bool data_is_text = false;
  bool ephemeral = false;
  member_change members = member_change::none;  ///< of `users` in `rooms`
};

/// Compiled once; immutable; any thread.
class mapping_rule {
 public:
  /// Errors: what of it cannot be carried out, first things first.
  static std::variant<mapping_rule, rule_fault> compile(const written_rule& rule,
                                                        const mapping_tables& tables);

  /// Where it is written: `node.toml:12`, `profile fechatter:7`.
  const std::string& place() const noexcept { return place_; }
  const subject_pattern& subject() const noexcept { return subject_; }
  /// The foreign JetStream stream it reads from; empty: messages as they are published.
  const std::string& stream() const noexcept { return stream_; }
  /// The rule asks for a tenant and a payload may not say it.
  bool tenant_may_be_unknown() const noexcept { return tenant_ != nullptr; }
  /// Every event has an id of the publisher's: a message that is seen again does no harm.
  bool has_ids() const noexcept { return id_ != nullptr; }

  /// `when = false` and no `match`: its messages are not even looked into.
  bool ignored() const noexcept { return ignored_; }

  bool matches(std::string_view subject, const payload& body) const;
  /// The events of a message that matches; empty when it is not wanted. Error: it does not fit;
  /// says which key of the rule, and why.
  result<std::vector<mapped_event>> apply(std::string_view subject, const payload& body,
                                          const publish_limits& limits) const;

 private:
  class compiler;
  struct value;
  using value_ptr = std::shared_ptr<const value>;
  struct condition {
    json_pointer at;
    std::vector<std::string> wanted;  ///< `*`: anything but null
  };

  explicit mapping_rule(subject_pattern subject) : subject_(std::move(subject)) {}

  result<std::optional<mapped_event>> make(const mapping_input& in,
                                           const publish_limits& limits) const;
  result<void> read_audience(const mapping_input& in, const publish_limits& limits,
                             mapped_event& out) const;
  result<void> read_content(const mapping_input& in, const publish_limits& limits,
                            mapped_event& out) const;

  subject_pattern subject_;
  std::string place_;
  std::string stream_;
  std::vector<condition> match_;
  std::optional<json_pointer> each_;
  value_ptr when_, tenant_, room_, users_, all_, exclude_, about_, id_, event_, ephemeral_, data_;
  bool ignored_ = false;
  member_change members_ = member_change::none;
};

}  // namespace starling::net
