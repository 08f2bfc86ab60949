/// Sessions on their way into a bridge, by their user.
#pragma once

#include <algorithm>
#include <list>
#include <unordered_map>

#include "actors/messages/bridge_inbox.hpp"

namespace starling::actors {

/// The connections of opening joins that are neither let in nor refused yet: of these no user's
/// actor knows. What one costs does not grow with the number of the others. Plain state.
class opening_joins {
 public:
  /// Joins that are not opening ones are passed over.
  void add(const join& coming) {
    if (coming.opening) of_[user_of(coming)].push_back(coming.connection);
  }
  /// It was let in or refused.
  void remove(const join& gone) {
    if (!gone.opening) return;
    const auto found = of_.find(*user_of(gone));
    if (found == of_.end()) return;
    auto& those = found->second;
    // Most come and go in one order.
    if (const auto at = std::ranges::find(those, gone.connection); at != those.end())
      those.erase(at);
    if (those.empty()) of_.erase(found);
  }
  template <class F>
  void for_each_of(const channel& user, F&& look) const {
    if (const auto found = of_.find(user); found != of_.end())
      for (const auto& connection : found->second) look(connection);
  }

 private:
  static const channel_ptr& user_of(const join& opening) {
    return opening.channels.front().channel;
  }

  std::unordered_map<channel_ptr, std::list<handle<connection_inbox>>, channel_by_text,
                     channel_by_text>
      of_;
};

}  // namespace starling::actors
