#include "actors/api/event_index.hpp"

#include <doctest/doctest.h>

#include "tests/support/fake_engine.hpp"

using namespace starling;
using namespace starling::actors;
using starling::test::fake_engine;
using starling::test::take_oldest;

namespace {

const channel room = room_channel(tenant_id("t"), "r");

struct lookups {
  fake_engine engine;
  event_index index{engine};
  std::vector<result<std::optional<sequence>>> answers;

  void find(const std::string& id, epoch_id epoch = 7) {
    index.find(room, epoch, id, [this](auto found) { answers.push_back(std::move(found)); });
  }
  /// Answers the oldest read: events of these ids from `first` on.
  void page(sequence first, const std::vector<std::string>& ids, sequence oldest = 1,
            bool more = false) {
    cluster::log_page out;
    for (const auto& id : ids) {
      stored_event one;
      one.seq = first++;
      one.event.id = id;
      out.events.push_back(std::move(one));
    }
    out.oldest = oldest;
    out.more = more;
    take_oldest(engine.reads).done(std::move(out));
  }
  std::optional<sequence> answer(std::size_t i) {
    REQUIRE(answers.size() > i);
    REQUIRE(answers[i].ok());
    return *answers[i];
  }
};

}  // namespace

TEST_SUITE("actors/api/event_index") {
  TEST_CASE("an id is found where it first stood, and one that history has not is not") {
    lookups at;
    at.find("b");
    at.page(10, {"a", "b", "c", "b"});
    CHECK(at.answer(0) == 11);
    at.find("z");
    at.page(13, {"b"});
    CHECK(at.answer(1) == std::nullopt);
  }

  TEST_CASE("only what has come since is read, page by page") {
    lookups at;
    at.find("d");
    CHECK(at.engine.reads.front().after == 0);
    at.page(1, {"a", "b"}, 1, true);
    CHECK(at.answers.empty());
    CHECK(at.engine.reads.front().after == 1);
    at.page(2, {"b", "c", "d"});
    CHECK(at.answer(0) == 4);
    at.find("a");
    CHECK(at.engine.reads.front().after == 3);
    at.page(4, {"d", "e"});
    CHECK(at.answer(1) == 1);
  }

  TEST_CASE("who asks while a read is under way waits for the next, which is one for all") {
    lookups at;
    at.find("a");
    at.find("b");
    at.find("a");
    CHECK(at.engine.reads.size() == 1);
    at.page(1, {"a"});
    CHECK(at.answers.size() == 1);
    REQUIRE(at.engine.reads.size() == 1);
    at.page(2, {"b"});
    CHECK(at.answer(1) == 2);
    CHECK(at.answer(2) == 1);
    CHECK(at.engine.reads.empty());
  }

  TEST_CASE("what history has let go of, and another life of the store, is forgotten") {
    lookups at;
    at.find("a");
    at.page(1, {"a", "b"});
    at.find("a");
    at.page(2, {"b", "c"}, 2);
    CHECK(at.answer(1) == std::nullopt);
    at.find("b");
    at.page(3, {"c"}, 2);
    CHECK(at.answer(2) == 2);
    at.find("b", 8);
    CHECK(at.engine.reads.front().after == 0);
    at.page(1, {"n"});
    CHECK(at.answer(3) == std::nullopt);
  }

  TEST_CASE("when the last one known is gone, what there is is read anew") {
    lookups at;
    at.find("a");
    at.page(1, {"a", "b"});
    at.find("a");
    at.page(2, {});
    CHECK(at.answers.size() == 1);
    REQUIRE(at.engine.reads.size() == 1);
    CHECK(at.engine.reads.front().after == 0);
    at.page(0, {});
    CHECK(at.answer(1) == std::nullopt);
    at.find("a");
    CHECK(at.engine.reads.front().after == 0);
    at.page(1, {"a"});
    CHECK(at.answer(2) == 1);
  }

  TEST_CASE("a store that is away is an error, and the next question asks again") {
    lookups at;
    at.find("a");
    take_oldest(at.engine.reads).done(error{errc::unavailable, "away"});
    REQUIRE(at.answers.size() == 1);
    CHECK(at.answers[0].error().code == errc::unavailable);
    at.find("a");
    at.page(1, {"a"});
    CHECK(at.answer(1) == 1);
  }
}
