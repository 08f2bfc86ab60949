#include "net/io/io_loop.hpp"

#include <doctest/doctest.h>

#include <boost/asio/post.hpp>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace starling::net {

namespace {

/// Does something when it is flushed, and says so.
struct target final : flushable {
  target(std::vector<std::string>& said, std::string name, std::function<void()> then = {})
      : said(said), name(std::move(name)), then(std::move(then)) {}
  void flush() override {
    said.push_back(name);
    if (then) then();
  }

  std::vector<std::string>& said;
  std::string name;
  std::function<void()> then;
};

/// A loop that runs here, until nothing is left to do.
struct idle_loop {
  void run() {
    loop.release();
    loop.context().run();
  }
  io_loop loop{0};
  std::vector<std::string> said;
};

}  // namespace

TEST_SUITE("net/io_loop") {
  TEST_CASE("what is marked is flushed once, behind the handlers that are there, in order") {
    idle_loop here;
    target first(here.said, "first"), second(here.said, "second");
    here.loop.mark_dirty(first);
    here.loop.mark_dirty(second);
    here.loop.mark_dirty(first);
    CHECK(here.said.empty());
    here.run();
    CHECK(here.said == std::vector<std::string>{"first", "second"});
  }

  TEST_CASE("what marks something as it is flushed, itself too, has it flushed behind the rest") {
    idle_loop here;
    target last(here.said, "last");
    bool again = true;
    target self(here.said, "self", [&] {
      here.loop.mark_dirty(last);
      if (std::exchange(again, false)) here.loop.mark_dirty(self);
    });
    target other(here.said, "other");
    here.loop.mark_dirty(self);
    here.loop.mark_dirty(other);
    here.run();
    CHECK(here.said == std::vector<std::string>{"self", "other", "last", "self", "last"});
  }

  TEST_CASE("other handlers run in the midst of a large room's writes") {
    idle_loop here;
    std::vector<std::unique_ptr<target>> members;
    for (int i = 0; i < 1000; ++i) {
      members.push_back(std::make_unique<target>(here.said, "member"));
      here.loop.mark_dirty(*members.back());
    }
    std::size_t before = 0;
    members.front()->then = [&] {
      boost::asio::post(here.loop.context(), [&] { before = here.said.size(); });
    };
    here.run();
    CHECK(here.said.size() == 1000);
    CHECK(before > 0);
    CHECK(before < 200);
  }

  TEST_CASE("who is forgotten is not flushed; a flush that throws is one flush") {
    idle_loop here;
    target gone(here.said, "gone"), rest(here.said, "rest");
    target thrower(here.said, "thrower", [] { throw std::runtime_error("on purpose"); });
    here.loop.mark_dirty(gone);
    here.loop.mark_dirty(thrower);
    here.loop.mark_dirty(rest);
    here.loop.forget(gone);
    here.run();
    CHECK(here.said == std::vector<std::string>{"thrower", "rest"});
  }
}

}  // namespace starling::net
