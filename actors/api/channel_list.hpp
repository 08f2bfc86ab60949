/// What lists of rooms and of users have in common: both are live channels with their sessions.
#pragma once

#include <map>
#include <set>
#include <string>

#include "actors/api/api_call.hpp"

namespace starling::actors {

struct channel_names {
  channel_kind kind;
  const char* plural;
  const char* name;   ///< of one
  const char* count;  ///< of its sessions
};

/// Answers with a page of live channels, their sessions added up over the nodes.
void list_channels(const call_ptr& call, const channel_names& names);

/// By page_key: `{<name>, tenant, <count>, nodes}`.
std::map<std::string, api_call::json> merge_channels(const cluster_answer<channels_answer>& given,
                                                     const channel_names& names, bool one_tenant);

/// How many there are, those on several nodes once. `exact` is false when there are too many to
/// tell: then it is the sum of what the nodes say.
struct distinct_count {
  std::uint64_t count = 0;
  bool exact = true;
};
distinct_count count_distinct(const cluster_answer<channels_answer>& given);

}  // namespace starling::actors
