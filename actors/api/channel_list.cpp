#include "actors/api/channel_list.hpp"

#include <cstring>
#include <unordered_set>

#include "actors/api/listing.hpp"
#include "actors/api/ranked_key.hpp"

namespace starling::actors {

using json = api_call::json;

std::map<std::string, json> merge_channels(const cluster_answer<channels_answer>& given,
                                           const channel_names& names, bool one_tenant) {
  std::map<std::string, json> out;
  for (const auto& part : given.parts)
    for (const auto& each : part.body.channels) {
      auto& merged = out[page_key(one_tenant, each.tenant, each.room)];
      if (merged.is_null())
        merged = {{names.name, each.room},
                  {"tenant", each.tenant},
                  {names.count, 0},
                  {"nodes", json::array()}};
      merged[names.count] = merged[names.count].get<std::uint64_t>() + each.members;
      merged["nodes"].push_back(part.node);
    }
  return out;
}

distinct_count count_distinct(const cluster_answer<channels_answer>& given) {
  distinct_count out;
  std::unordered_set<std::uint64_t> seen;
  for (const auto& part : given.parts) {
    out.count += part.body.total;
    std::uint64_t hash = 0;
    for (std::size_t at = 0; at + sizeof hash <= part.body.hashes.size(); at += sizeof hash) {
      std::memcpy(&hash, part.body.hashes.data() + at, sizeof hash);
      seen.insert(hash);
    }
    out.exact = out.exact && part.body.hashes.size() == part.body.total * sizeof hash;
  }
  // One node knows what it has.
  if (given.parts.size() < 2)
    out.exact = true;
  else if (out.exact)
    out.count = seen.size();
  return out;
}

namespace {

/// The same by size, from what comes after `after` on.
std::map<std::string, json> largest_first(std::map<std::string, json> all,
                                          const channel_names& names, const std::string& after) {
  std::map<std::string, json> out;
  for (auto& [name, channel] : all)
    if (auto key = ranked_key(channel[names.count].get<std::uint64_t>(), name); key > after)
      out.emplace(std::move(key), std::move(channel));
  return out;
}

}  // namespace

void list_channels(const call_ptr& call, const channel_names& names) {
  const auto page = parse_page(call->request.query, 100, max_page);
  if (!page) return call->fail(page.error());
  const auto* sort = call->parameter("sort");
  const bool largest = sort && *sort == names.count;
  if (sort && !largest && *sort != names.name)
    return call->fail(error{errc::malformed, std::string("sort must be ") + names.name + " or " +
                                                 names.count + ", not " + *sort});
  if (largest && !page->after.empty() && !read_ranked_key(page->after))
    return call->fail(error{errc::malformed, "after: not what `next` said"});
  channels_question asked{.kind = names.kind,
                          .tenant = call->asked_tenant(),
                          .after = page->after,
                          .limit = page->limit + 1,
                          .largest = largest};
  if (const auto* search = call->parameter("search")) asked.search = *search;
  call->parts.cluster.ask_all(
      call->loop, std::move(asked),
      [call, names, largest, page = *page](const cluster_answer<channels_answer>& given) {
        auto all = merge_channels(given, names, !call->all_tenants);
        if (largest) all = largest_first(std::move(all), names, page.after);
        auto out = page_json(names.plural, std::move(all), page.limit, count_distinct(given).count);
        add_nodes(out, given);
        call->answer(out);
      });
}

}  // namespace starling::actors
