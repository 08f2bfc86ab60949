#include "net/stream/stream_transport.hpp"

#include "tests/net/transport_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;
using namespace std::chrono_literals;

namespace {

struct sse_case {
  explicit sse_case(sse_options options = {}, int buffers = 0)
      : client(buffers),
        stream(make_sse_transport(on.loop, accept(on, client, buffers), "HEAD", std::move(options),
                                  owner)) {}

  bool reads(std::string_view text) {
    return on.until([&] { return client.read() || client.got.size() >= text.size(); }) &&
           client.got == text;
  }
  /// Sends events until the kernel takes no more; answers their bodies in one string.
  std::string fill() {
    std::string sent;
    on.settle();
    while (stream->queued_items() == 0) {
      for (int i = 0; i < 20; ++i) {
        const auto body = std::to_string(sent.size()) + std::string(5000, '.');
        stream->send(event_frame(body));
        sent += body;
      }
      on.settle();
    }
    return sent;
  }
  const shard_metrics& metrics() { return on.loop.metrics(); }

  pumped_loop on;
  recorder owner;
  peer client;
  std::unique_ptr<transport> stream;
};

}  // namespace

TEST_SUITE("net/stream_transport sse") {
  TEST_CASE("what the peer has got is known, also once it has gone") {
    sse_case t({}, 4096);
    const auto sent = t.fill();
    CHECK(t.stream->back_pressure());
    CHECK(t.stream->sent_bytes() == sent.size() + 4);
    CHECK(t.stream->acknowledged_bytes() < t.stream->sent_bytes() - t.stream->queued_bytes());
    CHECK(t.on.until([&] { return t.client.read() || t.client.got.size() == sent.size() + 4; }));
    CHECK(t.on.until([&] { return t.stream->acknowledged_bytes() == t.stream->sent_bytes(); }));
    t.on.settle();
    CHECK_FALSE(t.stream->back_pressure());

    const auto got = t.stream->acknowledged_bytes();
    t.fill();
    t.client.reset();
    CHECK(t.on.until([&] { return !t.owner.closed.empty(); }));
    CHECK(t.stream->acknowledged_bytes() >= got);
    CHECK(t.stream->acknowledged_bytes() < t.stream->sent_bytes());
  }

  TEST_CASE("the head first, then frames in order, in one write") {
    sse_case t;
    std::string expected = "HEAD";
    for (int i = 0; i < 200; ++i) {
      t.stream->send(event_frame(std::to_string(i) + "."));
      expected += std::to_string(i) + ".";
    }
    CHECK(t.stream->queued_items() == 201);
    CHECK(t.stream->queued_bytes() == expected.size());
    CHECK(t.metrics().outbox_bytes.get() == expected.size());
    CHECK(t.reads(expected));
    CHECK(t.stream->queued_items() == 0);
    CHECK(t.metrics().outbox_bytes.get() == 0);
    CHECK(t.metrics().bytes_out.get() == expected.size());
    CHECK(t.owner.drained == 0);
  }

  TEST_CASE("only events count as deliveries") {
    sse_case t;
    t.stream->send(notice_frame("connected"));
    t.stream->send(event_frame("a"));
    t.stream->send_heartbeat("1-a");
    t.stream->send(event_frame("b"));
    CHECK(t.reads("HEADconnectedab"));  // a heartbeat is needless while anything is queued
    CHECK(t.stream->delivered() == 2);
    CHECK(t.metrics().deliveries[0].get() == 2);
    std::uint64_t observed = 0;
    for (std::size_t i = 0; i <= latency_bounds.size(); ++i)
      observed += t.metrics().delivery_latency.count(i);
    CHECK(observed == 2);
  }

  TEST_CASE("a slow reader gets every byte, and its owner is told when all is written") {
    sse_case t({}, small_buffer);
    const auto sent = t.fill();
    CHECK(t.stream->queued_bytes() > 0);
    CHECK(t.owner.drained == 0);
    CHECK(t.on.until([&] {
      t.client.read();
      return t.client.got.size() == sent.size() + 4;
    }));
    CHECK(t.client.got == "HEAD" + sent);
    CHECK(t.on.until([&] { return t.owner.drained == 1; }));
    CHECK(t.metrics().outbox_bytes.get() == 0);
    CHECK(t.stream->delivered() == t.metrics().deliveries[0].get());
  }

  TEST_CASE("what is sent while the kernel is full keeps its place behind") {
    sse_case t({}, small_buffer);
    const auto sent = t.fill();
    t.stream->send(event_frame("last"));
    t.on.settle();
    CHECK(t.on.until([&] {
      t.client.read();
      return t.client.got.ends_with("last");
    }));
    CHECK(t.client.got == "HEAD" + sent + "last");
  }

  TEST_CASE("dropping forgets queued events, never half of one, and no notice") {
    sse_case t({}, small_buffer);
    const auto sent = t.fill();
    t.stream->send(notice_frame("<notice>"));
    const auto before = t.stream->queued_items();
    const auto dropped = t.stream->drop_queued();
    CHECK(dropped == before - t.stream->queued_items());
    CHECK(t.stream->queued_items() <= 2);
    CHECK(t.metrics().outbox_bytes.get() == t.stream->queued_bytes());
    CHECK(t.on.until([&] {
      t.client.read();
      return t.client.got.ends_with("<notice>");
    }));
    const auto whole = t.client.got.substr(4, t.client.got.size() - 12);
    CHECK(sent.starts_with(whole));
    CHECK((whole.empty() || whole.back() == '.'));
    CHECK((sent.size() == whole.size() || sent[whole.size()] != '.'));
  }

  TEST_CASE("nothing can be dropped before the head and connected are out") {
    sse_case t;
    t.stream->send(notice_frame("connected"));
    t.stream->send(event_frame("a"));
    CHECK(t.stream->drop_queued() == 1);
    CHECK(t.reads("HEADconnected"));
  }

  TEST_CASE("notify_when_drained tells from the loop, at once or when it is so") {
    sse_case t;
    t.on.settle();
    t.stream->notify_when_drained();
    CHECK(t.owner.drained == 0);
    CHECK(t.on.until([&] { return t.owner.drained == 1; }));
    t.stream->send(event_frame("a"));
    t.stream->notify_when_drained();
    CHECK(t.on.until([&] { return t.owner.drained == 2; }));
    CHECK(t.stream->queued_items() == 0);
  }

  TEST_CASE("close: queued bytes, the last chunk, end of output, then on_closed") {
    sse_case t;
    t.stream->send(notice_frame("goodbye"));
    t.stream->close(close_code::draining);
    t.stream->send(event_frame("too late"));
    CHECK(t.on.until([&] { return t.client.read(); }));
    CHECK(t.client.got == "HEADgoodbye0\r\n\r\n");
    CHECK(t.owner.closed.empty());
    t.client.close();
    CHECK(t.on.until([&] { return !t.owner.closed.empty(); }));
    t.stream->close(close_code::kicked);
    t.on.settle();
    CHECK(t.owner.closed == std::vector{close_code::draining});
  }

  TEST_CASE("a peer that never ends its side is left after two seconds") {
    sse_case t;
    t.stream->close(close_code::kicked);
    CHECK(t.on.until([&] { return t.client.read(); }));
    t.on.settle();
    t.on.skip(1s);
    t.on.settle();
    CHECK(t.owner.closed.empty());
    t.on.skip(3s);
    t.on.settle();
    CHECK(t.owner.closed == std::vector{close_code::kicked});
  }

  TEST_CASE("a peer that takes nothing is left after five seconds") {
    sse_case t({}, small_buffer);
    t.fill();
    t.stream->close(close_code::slow_consumer);
    t.on.settle();
    t.on.skip(4s);
    t.on.settle();
    CHECK(t.owner.closed.empty());
    t.on.skip(6s);
    t.on.settle();
    CHECK(t.owner.closed == std::vector{close_code::slow_consumer});
    CHECK(t.metrics().outbox_bytes.get() == 0);
  }

  TEST_CASE("the peer's end, its reset and its silence after data") {
    sse_case ends;
    ends.client.send("ignored input");
    ends.on.settle();
    CHECK(ends.owner.closed.empty());
    ends.client.close();
    CHECK(ends.on.until([&] { return !ends.owner.closed.empty(); }));
    CHECK(ends.owner.closed == std::vector{close_code::client_closed});

    sse_case resets;
    CHECK(resets.reads("HEAD"));
    resets.client.reset();
    CHECK(resets.on.until([&] { return !resets.owner.closed.empty(); }));
    CHECK(resets.owner.closed == std::vector{close_code::client_closed});

    sse_case write_fails({}, small_buffer);
    write_fails.fill();
    write_fails.client.reset();
    CHECK(write_fails.on.until([&] { return !write_fails.owner.closed.empty(); }));
    CHECK(write_fails.owner.closed == std::vector{close_code::client_closed});
  }

  TEST_CASE("a transport may go at any time, whatever is pending") {
    for (int stage = 0; stage < 5; ++stage) {
      CAPTURE(stage);
      sse_case t({}, small_buffer);
      if (stage >= 1) t.fill();
      if (stage >= 2) t.stream->notify_when_drained();
      if (stage >= 3) t.client.reset();
      if (stage >= 4) t.stream->close(close_code::kicked);
      t.stream.reset();
      t.on.settle();
      CHECK(t.owner.closed.empty());
      CHECK(t.owner.drained == 0);
      CHECK(t.metrics().outbox_bytes.get() == 0);
    }
    sse_case posted;
    CHECK(posted.reads("HEAD"));
    posted.client.reset();
    posted.on.loop.context().run_one();  // readable: on_closed is posted now
    posted.stream.reset();
    posted.on.settle();
    CHECK(posted.owner.closed.empty());
  }

  TEST_CASE("HTTP/1.0: bodies without chunks, and the end of the connection is the end") {
    sse_options plain;
    plain.chunked = false;
    sse_case t(std::move(plain));
    t.stream->send({"3\r\n", "abc", "\r\n"});
    t.stream->close(close_code::shutdown);
    CHECK(t.on.until([&] { return t.client.read(); }));
    CHECK(t.client.got == "HEADabc");
  }

  TEST_CASE("heartbeats: a comment, and an event with the given id for those who asked") {
    sse_case t;
    CHECK(t.reads("HEAD"));
    t.stream->send_heartbeat("1-a");
    CHECK(t.reads("HEADd\r\n: heartbeat\n\n\r\n"));
    sse_options named;
    named.heartbeats = heartbeats_of(named.format, {}, true);
    named.chunked = false;
    sse_case u(std::move(named));
    CHECK(u.reads("HEAD"));
    u.stream->send_heartbeat("1-a");
    CHECK(u.on.until([&] {
      u.client.read();
      return u.client.got.ends_with("}\n\n");
    }));
    CHECK(u.client.got.starts_with("HEAD: heartbeat\n\nevent: heartbeat\nid: 1-a\ndata: {\"ts\":"));
    CHECK(u.stream->delivered() == 0);
  }
}
