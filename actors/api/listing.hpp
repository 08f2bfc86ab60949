/// Lists of things that the nodes hold, in pages.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "actors/api/cluster_view.hpp"
#include "actors/api/paging.hpp"

namespace starling::actors {

/// Adds to an answer who gave a part of it and who did not.
template <class Answer>
void add_nodes(nlohmann::ordered_json& out, const cluster_answer<Answer>& given) {
  out["replied"] = given.replied();
  out["missing"] = given.missing;
}

/// One page of `all` (everything that comes after the page's `after`, by key), as `plural`.
inline nlohmann::ordered_json page_json(const char* plural,
                                        std::map<std::string, nlohmann::ordered_json> all,
                                        std::size_t limit, std::uint64_t total) {
  nlohmann::ordered_json items = nlohmann::ordered_json::array();
  nlohmann::ordered_json next;
  for (auto& [key, item] : all) {
    if (items.size() == limit) {
      next = std::prev(all.find(key))->first;
      break;
    }
    items.push_back(std::move(item));
  }
  return {{plural, std::move(items)}, {"next", std::move(next)}, {"total", total}};
}

}  // namespace starling::actors
