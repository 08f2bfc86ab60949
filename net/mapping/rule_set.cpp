#include "net/mapping/rule_set.hpp"

#include <algorithm>
#include <array>

#include "net/mapping/payload_signature.hpp"

namespace starling::net {

namespace {

mapping_verdict no_event(mapping_result result, std::string reason,
                         std::optional<std::size_t> rule = std::nullopt) {
  return {result, rule, std::move(reason), {}};
}

}  // namespace

std::string_view to_string(mapping_result result) noexcept {
  static constexpr std::array<std::string_view, mapping_result_count> names{
      "ok", "skipped", "bad", "unsigned", "duplicate"};
  return names[static_cast<std::size_t>(result)];
}

mapping_verdict rule_set::apply(const foreign_message_view& message, bool must_be_signed) const {
  const auto meant = [&](const mapping_rule& rule) {
    return rule.stream() == message.stream && rule.subject().matches(message.subject);
  };
  const auto first = std::find_if(rules_.begin(), rules_.end(), meant);
  if (first == rules_.end()) return no_event(mapping_result::skipped, "no rule reads this subject");
  if (first->ignored())
    return no_event(mapping_result::skipped, "its rule ignores this subject",
                    static_cast<std::size_t>(first - rules_.begin()));
  const bool by_header = must_be_signed && !message.signature.empty();
  if (by_header && !signed_by_header(*key_, message.body, message.signature))
    return no_event(mapping_result::unsigned_,
                    std::string(signature_header) + " is not the body's signature");
  const auto body = payload::parse(message.body, limits_.max_event_bytes + payload_overhead_bytes);
  if (!body) return no_event(mapping_result::bad, body.error().message);
  if (must_be_signed && !by_header && !signed_by_member(*key_, *body))
    return no_event(mapping_result::unsigned_, std::string("neither the header ") +
                                                   signature_header +
                                                   " nor the member sig holds its signature");
  for (std::size_t i = 0; i < rules_.size(); ++i) {
    const auto& rule = rules_[i];
    if (!meant(rule) || !rule.matches(message.subject, *body)) continue;
    auto events = rule.apply(message.subject, *body, limits_);
    if (!events) return no_event(mapping_result::bad, events.error().message, i);
    if (events->empty())
      return no_event(mapping_result::skipped, "its rule does not want it, or names nobody", i);
    return {mapping_result::ok, i, {}, std::move(*events)};
  }
  return no_event(mapping_result::skipped, "no rule's match holds for this payload");
}

bool rule_set::tenants_may_be_unknown() const noexcept {
  return std::any_of(rules_.begin(), rules_.end(),
                     [](const auto& rule) { return rule.tenant_may_be_unknown(); });
}

std::vector<mapping_source> rule_set::sources() const {
  struct group {
    std::string stream;
    subject_pattern subject;
  };
  std::vector<group> groups;
  for (const auto& rule : rules_) {
    group fresh{rule.stream(), rule.subject()};
    // Merging may make the pattern overlap others that it did not before. Of a stream there is one
    // consumer, so all its rules are merged.
    for (std::size_t i = 0; i < groups.size();) {
      const bool together = groups[i].stream == fresh.stream &&
                            (!fresh.stream.empty() || groups[i].subject.overlaps(fresh.subject));
      if (!together) {
        ++i;
        continue;
      }
      fresh.subject = groups[i].subject.merged(fresh.subject);
      groups.erase(groups.begin() + static_cast<std::ptrdiff_t>(i));
      i = 0;
    }
    groups.push_back(std::move(fresh));
  }
  std::vector<mapping_source> out;
  for (const auto& each : groups) out.push_back({each.stream, each.subject.str()});
  return out;
}

}  // namespace starling::net
