#include "cluster/ingest/ingest_subjects.hpp"

#include <doctest/doctest.h>

#include "cluster/ingest/lease_store.hpp"

using namespace starling;
using namespace starling::cluster;

namespace {

const ingest_subjects names("P");

void check_read(std::string_view subject, ingest_message message, std::string_view key = {}) {
  CAPTURE(subject);
  const auto heard = names.read(subject);
  CHECK(heard.message == message);
  CHECK(heard.key == key);
}

}  // namespace

TEST_SUITE("cluster/ingest_subjects") {
  TEST_CASE("what a node publishes is read as what it is, with the source's key") {
    const auto key = ingest_subjects::key_of({"", "shop.*.new"});
    check_read(names.lease(key), ingest_message::lease, key);
    check_read(names.mark(key), ingest_message::mark, key);
    check_read(names.freed(key), ingest_message::freed, key);
    check_read(names.told(), ingest_message::told);
  }

  TEST_CASE("what nodes and NATS say to each other is never foreign") {
    for (const auto* subject : {"P.in.t.room.a", "P.tolds", "P.", "$JS.API.INFO", "$KV.other.key",
                                "$KV.P_leases", "_INBOX.x"})
      check_read(subject, ingest_message::of_ours);
    for (const auto* subject : {"shop.new", "P", "Px.in", "_INBOX", ""})
      check_read(subject, ingest_message::foreign);
  }

  TEST_CASE("sources have different keys, of one token") {
    const auto of_core = ingest_subjects::key_of({"", "orders"});
    const auto of_stream = ingest_subjects::key_of({"orders", ">"});
    CHECK(of_core == "orders");
    CHECK(of_stream == "orders=20");
    CHECK(ingest_subjects::key_of({"", "a.*.>"}).find_first_of(".*>") == std::string::npos);
  }

  TEST_CASE("the stream of a message is in its reply, with and without a domain before it") {
    CHECK(names.stream_of("$JS.ACK.orders.P-ingest.1.7.3.1700000000.0") == "orders");
    CHECK(names.stream_of("$JS.ACK.hub.ACCOUNT.orders.P-ingest.1.7.3.1700000000.0.x") == "orders");
    for (const auto* reply : {"", "$JS.ACK.orders.other.1.7.3.1700000000.0", ".P-ingest.1",
                              "orders.P-ingest.1", "P-ingest"})
      CHECK(names.stream_of(reply).empty());
  }

  TEST_CASE("the value of a lease names its holder; any other names nobody") {
    CHECK(holder_in(lease_value(node_id("n1"))) == "n1");
    CHECK(lease_value(node_id("n1")) == "held n1");
    for (const auto* value : {"", "held", "n1", "free n1", " held n1"})
      CHECK(holder_in(value).empty());
  }
}
