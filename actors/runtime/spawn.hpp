/// How actors begin.
#pragma once

#include <caf/actor_config.hpp>
#include <caf/actor_system.hpp>
#include <caf/make_actor.hpp>

#include "actors/runtime/handle.hpp"
#include "actors/runtime/shard.hpp"

namespace starling::actors {

/// Spawns `Actor`, whose inbox is `Inbox`, at home on `home` (nullptr: wherever the system's
/// scheduler runs it, for tests). Any thread.
template <class Inbox, class Actor, class... Args>
handle<Inbox> spawn(caf::actor_system& system, shard* home, Args&&... args) {
  static_assert(std::is_base_of_v<Inbox, Actor>);
  caf::actor_config cfg{home};
  const auto made = caf::make_actor<Actor, caf::strong_actor_ptr>(
      system.next_actor_id(), system.node(), &system, cfg, std::forward<Args>(args)...);
  return handle<Inbox>(static_cast<Actor&>(*made->get()));
}

}  // namespace starling::actors
