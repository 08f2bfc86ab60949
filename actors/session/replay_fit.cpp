#include "actors/session/replay_fit.hpp"

#include <algorithm>

namespace starling::actors {

void forget_left(std::vector<publication_ptr>& past, const std::vector<entered_channel>& channels,
                 const session_rooms& rooms) {
  std::erase_if(past, [&](const publication_ptr& each) {
    return std::any_of(channels.begin(), channels.end(), [&](const entered_channel& wanted) {
      return wanted.again && *wanted.channel == each->event().channel &&
             !rooms.contains(wanted.channel->name);
    });
  });
}

void stand_behind(std::vector<publication_ptr>& past, const cursor& at) {
  for (auto& each : past)
    if (each->at().seq < at.seq)
      each = std::make_shared<publication>(event(each->event()), at, each->seq());
}

replayed_events::replayed_events(const std::vector<publication_ptr>& past) {
  // A late event's copies may differ in their sequence, then one's is the other's id.
  for (const auto& each : past)
    for (const auto seq : {each->seq(), each->at().seq})
      known_.emplace(seq, each->event().id, each->event().channel.name);
}

bool replayed_events::contain(const publication_ptr& live) const {
  const auto& event = live->event();
  return live->stored() && event.channel.kind == channel_kind::room &&
         (known_.contains({live->seq(), event.id, event.channel.name}) ||
          known_.contains({live->at().seq, event.id, event.channel.name}));
}

}  // namespace starling::actors
