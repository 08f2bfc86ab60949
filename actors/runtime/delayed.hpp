/// A message to be sent later.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>

#include "actors/runtime/handle.hpp"
#include "actors/runtime/shard.hpp"

namespace starling::actors {

/// Sends `message` to `to` after `delay`; without a shard (tests) at once. Dropped when the shard's
/// system ends before that. For rare things: timers of sessions sit in the loop's timer wheel. On
/// the shard's thread.
template <class Inbox, class Message>
void send_after(shard* home, std::chrono::milliseconds delay, handle<Inbox> to, Message message) {
  if (!home) return to.send(std::move(message));
  auto timer = std::make_shared<boost::asio::steady_timer>(home->loop().context(), delay);
  home->delayed().insert(timer);
  timer->async_wait(
      [home, timer, to = std::move(to), message = std::move(message)](auto cancelled) mutable {
        if (cancelled) return;
        home->delayed().erase(timer);
        to.send(std::move(message));
      });
}

}  // namespace starling::actors
