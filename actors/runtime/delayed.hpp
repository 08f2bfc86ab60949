/// A message to be sent later.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <caf/actor.hpp>
#include <caf/send.hpp>
#include <chrono>
#include <memory>

#include "actors/runtime/shard.hpp"

namespace starling::actors {

/// Sends `what` to `to` after `delay`; without a shard (tests) at once. Dropped when the shard's
/// system ends before that. For rare things: timers of sessions sit in the loop's timer wheel. On
/// the shard's thread.
template <class T>
void send_after(shard* where, std::chrono::milliseconds delay, caf::actor to, T what) {
  if (!where) return caf::anon_send(to, std::move(what));
  auto timer = std::make_shared<boost::asio::steady_timer>(where->loop().context(), delay);
  where->delayed().insert(timer);
  timer->async_wait(
      [where, timer, to = std::move(to), what = std::move(what)](auto cancelled) mutable {
        if (cancelled) return;
        where->delayed().erase(timer);
        caf::anon_send(to, std::move(what));
      });
}

}  // namespace starling::actors
