/// Many changes of the roster at once, for the API.
#pragma once

#include <functional>
#include <vector>

#include "actors/api/api_call.hpp"

namespace starling::actors {

struct changes_made {
  std::size_t added = 0;
  std::size_t removed = 0;
};

/// Stores those of `changes` that change anything, a batch at a time, and answers `done` when all
/// nodes know of them. No membership occurs twice. A store that refuses fails the call, with how
/// many changes it has; whoever repeats the request goes on from there. Loop thread.
void change_members(const call_ptr& call, std::vector<cluster::roster_change> changes,
                    std::function<void(changes_made)> done);

}  // namespace starling::actors
