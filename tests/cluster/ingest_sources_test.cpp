#include "cluster/ingest/ingest_sources.hpp"

#include <doctest/doctest.h>

#include <memory>

using namespace starling;
using namespace starling::cluster;
using namespace std::chrono_literals;

namespace {

/// A line for each call.
struct notes final : foreign_listener {
  void on_foreign(foreign_message message) override {
    lines.push_back(std::to_string(message.source) + '/' + std::to_string(message.number) + ' ' +
                    message.subject + ' ' + message.body + message.signature);
  }
  void on_relieved(std::size_t source) override {
    lines.push_back("relieved " + std::to_string(source));
  }
  void on_told(std::string words) override { lines.push_back("told " + words); }

  std::vector<std::string> take() { return std::exchange(lines, {}); }
  std::vector<std::string> lines;
};

using lines = std::vector<std::string>;

/// Source 0 is `shop.>` of core NATS, source 1 the subjects `orders.>` of the stream ORDERS.
struct two_sources {
  explicit two_sources(const std::string& subject = "shop.>") {
    REQUIRE(nats_Open(-1) == NATS_OK);  // or messages cannot be destroyed
    sources.open({{"", subject}, {"ORDERS", "orders.>"}}, node_id("a"), listener);
  }

  bool hear(const std::string& subject, const std::string& body, const std::string& reply = {},
            const char* header = nullptr, const char* value = "") {
    natsMsg* raw = nullptr;
    REQUIRE(natsMsg_Create(&raw, subject.c_str(), reply.empty() ? nullptr : reply.c_str(),
                           body.data(), static_cast<int>(body.size())) == NATS_OK);
    const std::unique_ptr<natsMsg, decltype(&natsMsg_Destroy)> owned(raw, &natsMsg_Destroy);
    if (header) REQUIRE(natsMsgHeader_Set(raw, header, value) == NATS_OK);
    return sources.heard(nats_message(raw), "P.inbox.1.");
  }
  /// As the consumer's delivery `number`.
  bool pulled(const std::string& subject, std::uint64_t number, std::uint64_t sequence) {
    return hear(subject, "m", reply(number, sequence));
  }
  static std::string reply(std::uint64_t number, std::uint64_t sequence) {
    return "$JS.ACK.ORDERS.P-ingest.1." + std::to_string(sequence) + '.' + std::to_string(number) +
           ".1700000000.0";
  }
  ingest_source& core() { return sources.all()[0]; }
  ingest_source& stream() { return sources.all()[1]; }
  /// Its consumer has delivered nothing.
  void begin_stream() {
    sources.begin(stream(), {}, steady_clock::now());
    stream().stream().consumer_found({0, 0, 0}, steady_clock::now());
  }

  const ingest_subjects names{"P"};
  notes listener;
  ingest_sources sources{names};
};

}  // namespace

TEST_SUITE("cluster/ingest_sources") {
  TEST_CASE("what was heard on standby comes first, in order, when this node ingests") {
    two_sources n;
    n.hear("shop.1", "a");
    n.hear("shop.2", "b", {}, "X-Event-Signature", "+");
    n.hear("other", "c");
    CHECK(n.listener.take().empty());
    n.sources.begin(n.core(), {}, steady_clock::now());
    n.hear("shop.3", "d");
    CHECK(n.listener.take() == lines{"0/1 shop.1 a", "0/2 shop.2 b+", "0/3 shop.3 d"});
    n.sources.end(n.core());
    n.hear("shop.4", "e");
    CHECK(n.listener.take() == lines{"relieved 0"});
    CHECK(n.core().idle());
  }

  TEST_CASE("what is heard was sent after the last echo that came back") {
    two_sources n;
    CHECK(n.sources.wants_echo());
    const auto now = steady_clock::now();
    predecessor dead{"b"};
    dead.died = true;
    dead.last_heard = now - 3s;
    dead.held_until = now - 1s;
    n.hear("shop.1", "held up");
    for (const auto ago : {1001ms, 1000ms, 999ms}) {
      n.hear("P.inbox.1.echo", ingest_sources::echo_of(now - ago));
      n.hear("shop.1", std::to_string(ago.count()));
    }
    n.sources.begin(n.core(), dead, now);
    CHECK(n.listener.take() == lines{"0/1 shop.1 999"});
    CHECK(n.core().report().lost == 3);
    CHECK_FALSE(n.sources.wants_echo());  // the other one is of a stream
  }

  TEST_CASE("what nodes say is not ingested, however wide a pattern is, and told is told") {
    two_sources n(">");
    n.sources.begin(n.core(), {}, steady_clock::now());
    n.hear("P.in.t.room.a", "x");
    n.hear("$JS.EVENT.x", "x");
    n.hear("P.told", "words");
    n.hear("anything", "x");
    CHECK(n.listener.take() == lines{"told words", "0/1 anything x"});
  }

  TEST_CASE("a leaving node's own mark ends what it takes, and the next has the rest") {
    two_sources n;
    n.sources.begin(n.core(), {}, steady_clock::now());
    const auto mark = n.names.mark(n.core().keeper().key());
    CHECK_FALSE(n.hear(mark, "b"));  // of a time when this node does not leave
    n.hear("shop.1", "a");
    n.sources.leave();
    n.hear("shop.2", "b");
    CHECK(n.hear(mark, "a"));
    n.hear("shop.3", "c");
    CHECK(n.listener.take() == lines{"0/1 shop.1 a", "0/2 shop.2 b"});
    CHECK_FALSE(n.sources.settle(0, 1));
    CHECK(n.sources.settle(0, 2));  // the last one: the lease may go
    CHECK(n.core().idle());
  }

  TEST_CASE("a pull's messages are handed out in the order of their numbers, and acknowledged") {
    two_sources n;
    n.pulled("orders.1", 1, 11);  // not ours
    n.begin_stream();
    n.pulled("orders.1", 1, 11);
    n.pulled("orders.3", 3, 13);
    n.pulled("orders.2", 2, 12);
    CHECK(n.listener.take() == lines{"1/11 orders.1 m"});
    CHECK(n.sources.settle(1, 11));
    CHECK(n.sources.acks() == 1);
    CHECK(n.sources.take_acks() == lines{two_sources::reply(1, 11)});
    CHECK(n.sources.acks() == 0);
  }

  TEST_CASE("of a stream, subjects that nobody wants are acknowledged at once") {
    two_sources n;
    n.begin_stream();
    CHECK(n.pulled("returns.1", 1, 11));
    n.pulled("shop.1", 2, 12);  // as little as those of another source
    n.pulled("P.x", 3, 13);
    CHECK(n.listener.take().empty());
    CHECK(n.sources.take_acks().size() == 3);
  }

  TEST_CASE("the end of a pull is that of its source; an unusual one asks the consumer again") {
    two_sources n;
    n.begin_stream();
    CHECK_FALSE(n.hear("P.inbox.1.7", "", {}, "Status", "404"));
    CHECK(n.hear("P.inbox.1.1", "", {}, "Status", "408"));
    CHECK(n.stream().stream().ready());
    CHECK(n.hear("P.inbox.1.1", "", {}, "Status", "409"));
    CHECK_FALSE(n.stream().stream().ready());
  }

  TEST_CASE("a renewal of another is a sign of its life; a lease that is free calls for a look") {
    two_sources n;
    const auto& key = n.core().keeper().key();
    CHECK_FALSE(n.hear(n.names.lease(key), "held b"));
    CHECK(n.core().report().holder == "b");
    CHECK(n.hear(n.names.freed(key), "b"));
    CHECK(n.core().report().holder.empty());
    CHECK_FALSE(n.hear(n.names.freed("unknown"), "b"));
  }

  TEST_CASE("once it is closed the listener hears nothing") {
    two_sources n;
    n.sources.begin(n.core(), {}, steady_clock::now());
    n.sources.close();
    n.hear("shop.1", "a");
    n.hear("P.told", "words");
    n.sources.end(n.core());
    CHECK(n.listener.take().empty());
  }
}
