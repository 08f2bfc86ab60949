#include "actors/publish/publisher.hpp"

#include "tests/actors/actor_fixture.hpp"

namespace starling::actors::test {

namespace {

using target_kind = net::publish_item::target_kind;

net::publish_item to(target_kind target, texts names, const std::string& data = "x") {
  net::publish_item out;
  out.target = target;
  out.names = std::move(names);
  out.event = "message";
  out.data = data;
  out.data_is_text = true;
  return out;
}
net::publish_item to_room(const std::string& name, const std::string& data = "x") {
  return to(target_kind::rooms, {name}, data);
}
net::publish_item ephemeral(net::publish_item item) {
  item.ephemeral = true;
  return item;
}

struct publisher_node : test_node, session_locator {
  publisher_node() {
    node.locator = this;
    node.partitions[0].epoch = 7;
    node.partitions[0].position = 50;
    publisher = spawn<publisher_inbox, actors::publisher>(std::ref(node));
    caller = make_identity("ann");
    caller->publish = {"a", "b", "c", "user:*", "client:*"};
  }

  void publish(std::vector<result<net::publish_item>> items, bool single = false,
               const std::string& key = {}) {
    auto batch = std::make_shared<net::publish_batch>();
    batch->items = std::move(items);
    batch->single = single;
    batch->idempotency_key = key;
    tell(publisher, publish_request{caller, std::move(batch), event_source::http, [this](auto v) {
                                      ++answers;
                                      verdicts = std::move(v);
                                    }});
  }
  void publish_one(net::publish_item item, const std::string& key = {}) {
    publish({std::move(item)}, true, key);
  }
  void stored(sequence seq, bool duplicate = false) {
    take_oldest(engine.appends).done(cluster::append_ack{7, seq, duplicate});
    run();
  }
  void not_stored(errc why) {
    take_oldest(engine.appends).done(error{why, "no"});
    run();
  }
  void deliver(event event, std::function<void(result<void>)> done) override {
    reached = event;
    answer = std::move(done);
  }

  handle<publisher_inbox> publisher;
  std::shared_ptr<net::identity> caller;
  std::vector<net::publish_verdict> verdicts;
  int answers = 0;
  std::optional<event> reached;
  std::function<void(result<void>)> answer;
};

}  // namespace

TEST_SUITE("actors/publisher") {
  TEST_CASE("an event is acknowledged when the store has it, with its position") {
    publisher_node n;
    n.publish_one(to_room("a", "hello"));
    REQUIRE(n.engine.appends.size() == 1);
    const auto& event = n.engine.appends[0].event;
    CHECK(event.channel == room_of("a"));
    CHECK(event.data == "hello");
    CHECK(event.name == "message");
    CHECK(event.sender == "ann");
    CHECK_FALSE(event.id.empty());
    CHECK(n.answers == 0);
    const auto id = event.id;
    n.stored(51);
    REQUIRE(n.answers == 1);
    REQUIRE(n.verdicts[0].ok());
    CHECK(n.verdicts[0]->id == id);
    CHECK(n.verdicts[0]->position == cursor{7, 51});
  }

  TEST_CASE("each item of a batch has its own verdict, in order") {
    publisher_node n;
    n.publish({to_room("a"), error{errc::malformed, "item 1"}, to_room("z"), to_room("b")});
    CHECK(n.engine.appends.size() == 2);
    n.not_stored(errc::unavailable);
    CHECK(n.answers == 0);
    n.stored(60);
    REQUIRE(n.verdicts.size() == 4);
    CHECK(n.verdicts[0].error().code == errc::unavailable);
    CHECK(n.verdicts[1].error().code == errc::malformed);
    CHECK(n.verdicts[2].error().code == errc::forbidden);
    CHECK(n.verdicts[2].error().message.find("\"z\"") != std::string::npos);
    CHECK(n.verdicts[3]->position.seq == 60);
  }

  TEST_CASE("an event larger than the limit of the moment is refused, whoever parsed it") {
    publisher_node n;
    n.node.max_event_bytes = 4;
    n.publish({to_room("a", "12345"), to_room("b", "1234")});
    CHECK(n.engine.appends.size() == 1);
    n.stored(51);
    REQUIRE(n.verdicts.size() == 2);
    CHECK(n.verdicts[0].error().code == errc::too_large);
    CHECK(n.verdicts[1].ok());
    n.node.max_event_bytes = 5;
    n.publish_one(to_room("a", "12345"));
    CHECK(n.engine.appends.size() == 1);
  }

  TEST_CASE("acknowledgements in any order find their items") {
    publisher_node n;
    n.publish({to_room("a"), to_room("b")});
    auto first = take_oldest(n.engine.appends);
    n.stored(62);
    first.done(cluster::append_ack{7, 61});
    n.run();
    REQUIRE(n.answers == 1);
    CHECK(n.verdicts[0]->position.seq == 61);
    CHECK(n.verdicts[1]->position.seq == 62);
  }

  TEST_CASE("a batch without a single good item is answered at once") {
    publisher_node n;
    n.publish({to_room("z")});
    CHECK(n.answers == 1);
    n.publish({});
    CHECK(n.answers == 2);
    CHECK(n.verdicts.empty());
  }

  TEST_CASE("the idempotency key is the id of what has none") {
    publisher_node n;
    n.publish_one(to_room("a"), "key");
    CHECK(n.engine.appends[0].event.id == "key");
    CHECK(n.engine.appends[0].event.id_given);
    n.engine.appends.clear();

    auto named = to_room("a");
    named.id = "own";
    n.publish({named, to_room("b"), to_room("c")}, false, "key");
    REQUIRE(n.engine.appends.size() == 3);
    CHECK(n.engine.appends[0].event.id == "own");
    CHECK(n.engine.appends[1].event.id == "key-1");
    CHECK(n.engine.appends[2].event.id == "key-2");
  }

  TEST_CASE("items without an id get different ones") {
    publisher_node n;
    n.publish({to_room("a"), to_room("a")});
    CHECK_FALSE(n.engine.appends[0].event.id_given);
    CHECK(n.engine.appends[0].event.id != n.engine.appends[1].event.id);
  }

  TEST_CASE("the targets of an item share its data and the names of those before them") {
    publisher_node n;
    n.caller->publish = {"room*"};
    texts rooms;
    for (int i = 0; i < 100; ++i) rooms.push_back("room" + std::to_string(i));
    n.publish_one(to(target_kind::rooms, rooms, std::string(60'000, 'x')));
    REQUIRE(n.engine.appends.size() == 100);
    const auto& first = n.engine.appends[0].event;
    const auto& last = n.engine.appends[99].event;
    CHECK(last.data.size() == 60'000);
    CHECK(last.data.shares(first.data));
    CHECK(last.earlier_targets.size() == 99);
    CHECK(last.earlier_targets.begin() == n.engine.appends[50].event.earlier_targets.begin());
  }

  TEST_CASE("an item for several rooms is stored in each under one id, later ones name earlier") {
    publisher_node n;
    n.publish_one(to(target_kind::rooms, {"a", "b", "c"}));
    REQUIRE(n.engine.appends.size() == 3);
    CHECK(n.engine.appends[0].event.earlier_targets.empty());
    CHECK(n.engine.appends[1].event.earlier_targets == texts{"a"});
    CHECK(n.engine.appends[2].event.earlier_targets == texts{"a", "b"});
    CHECK(n.engine.appends[2].event.channel == room_of("c"));
    CHECK(n.engine.appends[0].event.id == n.engine.appends[2].event.id);
    n.stored(51);
    n.stored(53);
    CHECK(n.answers == 0);
    n.stored(52);
    REQUIRE(n.answers == 1);
    CHECK(n.verdicts[0]->position.seq == 53);  // all of it is stored by there
  }

  TEST_CASE("one room of several that fails fails the item") {
    publisher_node n;
    n.publish_one(to(target_kind::rooms, {"a", "b"}));
    n.not_stored(errc::unavailable);
    n.stored(51);
    REQUIRE(n.answers == 1);
    CHECK(n.verdicts[0].error().code == errc::unavailable);
  }

  TEST_CASE("users have channels of their own and no earlier targets") {
    publisher_node n;
    n.publish_one(to(target_kind::users, {"bob", "cat"}));
    REQUIRE(n.engine.appends.size() == 2);
    CHECK(n.engine.appends[1].event.channel == user_channel(acme, "cat"));
    CHECK(n.engine.appends[1].event.earlier_targets.empty());
  }

  TEST_CASE("all is the tenant's channel, for admins") {
    publisher_node n;
    n.publish_one(to(target_kind::all, {}));
    CHECK(n.verdicts[0].error().code == errc::forbidden);
    n.caller->admin = true;
    n.publish_one(to(target_kind::all, {}));
    REQUIRE(n.engine.appends.size() == 1);
    CHECK(n.engine.appends[0].event.channel == tenant_channel(acme));
  }

  TEST_CASE("an ephemeral event is not stored and gets the node's position") {
    publisher_node n;
    n.publish_one(ephemeral(to(target_kind::rooms, {"a", "b"})));
    CHECK(n.engine.appends.empty());
    REQUIRE(n.engine.ephemeral.size() == 2);
    CHECK(n.engine.ephemeral[1].earlier_targets == texts{"a"});
    REQUIRE(n.answers == 1);
    CHECK(n.verdicts[0]->position == cursor{7, 50});
  }

  TEST_CASE("an ephemeral event is unavailable while the engine is away, never a false yes") {
    publisher_node n;
    n.engine.up = false;
    n.publish({ephemeral(to(target_kind::rooms, {"a", "b"})),
               ephemeral(to(target_kind::users, {"bob"}))});
    REQUIRE(n.answers == 1);
    CHECK(n.verdicts[0].error().code == errc::unavailable);
    CHECK(n.verdicts[1].error().code == errc::unavailable);
  }

  TEST_CASE("an event for one session is a success when that session was reached") {
    publisher_node n;
    auto item = to(target_kind::client, {});
    item.client = session_id::make(3);
    n.publish_one(item);
    REQUIRE(n.reached.has_value());
    CHECK(n.reached->channel.kind == channel_kind::client);
    CHECK(n.reached->channel.name == item.client.str());
    CHECK(n.answers == 0);
    n.answer({});
    n.run();
    REQUIRE(n.answers == 1);
    CHECK(n.verdicts[0].ok());

    n.publish_one(item);
    n.answer(error{errc::not_found, "no session"});
    n.run();
    CHECK(n.verdicts[0].error().code == errc::not_found);
  }

  TEST_CASE("requests do not mix") {
    publisher_node n;
    n.publish_one(to_room("a", "first"));
    n.publish_one(to_room("b", "second"));
    auto first = take_oldest(n.engine.appends);
    n.stored(52);
    CHECK(n.answers == 1);
    CHECK(n.verdicts[0]->position.seq == 52);
    first.done(cluster::append_ack{7, 51});
    n.run();
    CHECK(n.answers == 2);
    CHECK(n.verdicts[0]->position.seq == 51);
  }

  TEST_CASE("the sessions to leave out travel with the event") {
    publisher_node n;
    auto item = to_room("a");
    item.exclude = {session_id::make(1)};
    n.publish_one(item);
    CHECK(n.engine.appends[0].event.exclude == item.exclude);
  }
}

}  // namespace starling::actors::test
