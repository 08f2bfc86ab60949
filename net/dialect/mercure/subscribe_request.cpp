#include "net/dialect/mercure/subscribe_request.hpp"

#include <algorithm>

namespace starling::net::mercure {

namespace {

/// Steps per byte of a topic, all selectors of a subscriber together.
constexpr std::size_t max_cost = 8192;

std::optional<match_type> type_of(std::string_view parameter) {
  if (parameter == "topic") return match_type::selector;
  if (parameter == "match" || parameter == "match_exact") return match_type::exact;
  if (parameter == "match_urlpattern") return match_type::url_pattern;
  return std::nullopt;
}

}  // namespace

result<std::vector<topic_selector>> parse_selectors(const query_params& query) {
  constexpr std::string_view family = "match";
  std::vector<topic_selector> out;
  std::size_t cost = 0;
  for (const auto& [name, value] : query.all()) {
    const auto type = type_of(name);
    if (!type) {
      if (iequals(std::string_view(name).substr(0, family.size()), family))
        return malformed("\"" + name +
                         "\" is no way to match: match, match_exact, match_urlpattern");
      continue;
    }
    auto selector = topic_selector::make(*type, value);
    if (!selector) return malformed(name + ": " + selector.error().message);
    const bool known =
        std::any_of(out.begin(), out.end(), [&, &text = value](const topic_selector& one) {
          return one.type() == *type && one.text() == text;
        });
    if (known) continue;
    cost += selector->cost();
    out.push_back(std::move(*selector));
    if (out.size() > max_selectors || cost > max_cost)
      return malformed("a subscriber has at most " + std::to_string(max_selectors) +
                       " topics, and patterns of a bounded size altogether");
  }
  if (out.empty()) return malformed("topic is missing");
  return out;
}

}  // namespace starling::net::mercure
