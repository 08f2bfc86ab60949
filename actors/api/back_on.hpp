/// Results go back to the loop that asked.
#pragma once

#include <boost/asio/post.hpp>
#include <exception>
#include <memory>
#include <tuple>
#include <utility>

#include "net/base/fault.hpp"
#include "net/base/log.hpp"
#include "net/io/io_loop.hpp"

namespace starling::actors {

/// A function that runs `then` on the thread of `loop` with what it is called with: from whatever
/// thread, never inside the call. So who calls it (an actor, the engine) has nothing to do with
/// what becomes of it; a fault of `then` is logged and ends nothing else.
template <class Then>
auto back_on(net::io_loop& loop, Then then) {
  return [&loop, then = std::make_shared<Then>(std::move(then))]<class... Args>(Args&&... args) {
    boost::asio::post(loop.context(), [then, given = std::make_tuple(
                                                 std::forward<Args>(args)...)]() mutable {
      try {
        std::apply(*then, std::move(given));
      } catch (...) {
        log::error("an answer was lost by a fault",
                   {{"error", cause_of(std::current_exception())}});
      }
    });
  };
}

}  // namespace starling::actors
