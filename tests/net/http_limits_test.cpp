#include <mutex>

#include "net/base/limits.hpp"
#include "net/base/log.hpp"
#include "net/front/address_counts.hpp"
#include "net/front/http_session.hpp"
#include "net/front/refusal_log.hpp"
#include "tests/net/http_fixture.hpp"
#include "tests/net/tls_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;
using namespace std::chrono_literals;

namespace {

std::uint64_t hits(limit_kind limit) { return limit_counts::get(limit); }

/// Lines of the log while it lives.
class log_lines {
 public:
  log_lines() {
    log::set_sink([this](log::level, std::string_view message, log::fields about) {
      std::string line(message);
      for (const auto& f : about) line.append(" ").append(f.key).append("=").append(f.value);
      const std::scoped_lock lock(mutex_);
      lines_.push_back(std::move(line));
    });
  }
  ~log_lines() { log::set_sink({}); }
  std::vector<std::string> with(std::string_view part) {
    const std::scoped_lock lock(mutex_);
    std::vector<std::string> out;
    for (const auto& line : lines_)
      if (has(line, part)) out.push_back(line);
    return out;
  }

 private:
  std::mutex mutex_;
  std::vector<std::string> lines_;
};

}  // namespace

TEST_SUITE("net/address_counts") {
  TEST_CASE("a slot is counted until its last copy is gone") {
    address_counts counts;
    const auto here = boost::asio::ip::make_address("127.0.0.1");
    auto first = counts.take(here);
    CHECK(first.place == 1);
    auto copy = first.held;
    auto second = counts.take(here);
    CHECK(second.place == 2);
    CHECK(counts.take(boost::asio::ip::make_address("::1")).place == 1);
    first.held.reset();
    CHECK(counts.take(here).place == 3);
    copy.reset();
    CHECK(counts.take(here).place == 2);
    second.held.reset();
    CHECK(counts.size() == 0);
  }
}

TEST_SUITE("net/http limits") {
  TEST_CASE("an address has limits.connections_per_address, streams included; others are told") {
    http_fixture at([](http_options&, http_settings& s) { s.connections_per_address = 2; });
    const auto before = hits(limit_kind::connections_per_address);
    auto one = std::make_unique<raw_client>(at.server->public_address());
    one->send("GET /events HTTP/1.1\r\nHost: x\r\n" + at.bearer() + "\r\n");
    one->read_until("connected");
    auto two = at.connect();
    two.send("GET /livez HTTP/1.1\r\nHost: x\r\n\r\n");
    CHECK(status_of(two.read_answer()) == 200);

    const auto refused = at.ask("GET", "/livez");
    CHECK(status_of(refused) == 429);
    CHECK(has(refused, "Retry-After: "));
    CHECK(has(refused, "limits.connections_per_address"));
    const auto goodbye = at.ask("GET", "/events", at.bearer() + "Accept: text/event-stream\r\n");
    CHECK(status_of(goodbye) == 200);
    CHECK(has(goodbye, "event: goodbye"));
    CHECK(has(goodbye, "overload"));
    CHECK(hits(limit_kind::connections_per_address) == before + 2);

    one.reset();  // the stream's slot is free once the node has noticed
    for (int i = 0; i < 500 && status_of(at.ask("GET", "/livez")) != 200; ++i) at.on_loop([] {});
    CHECK(status_of(at.ask("GET", "/livez")) == 200);
  }

  TEST_CASE("refusals are logged once a second for each reason, with address and path alone") {
    log_lines log;
    refusal_log refusals;
    http_exchange x;
    x.request.target = "/no/such\r\x7F?token=topsecret";
    x.ids.request_id = "r-1";
    x.ids.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    x.remote = {boost::asio::ip::make_address("192.0.2.7"), 4711};
    const steady_time start{1h};
    refusals.request(x, 404, start);
    refusals.request(x, 404, start + 10ms);
    refusals.request(x, 404, start + 990ms);
    refusals.request(x, 401, start + 990ms);
    refusals.request(x, 404, start + 1s);
    refusals.stream(x, close_code::draining, start + 1s);
    const auto lines = log.with("refused");
    REQUIRE(lines.size() == 4);
    CHECK(lines[0] ==
          "request refused reason=not_found remote=192.0.2.7 path=/no/such?? request_id=r-1 "
          "trace_id=0af7651916cd43dd8448eb211c80319c left_out=0");
    CHECK(has(lines[1], "reason=unauthorized"));
    CHECK(has(lines[2], "reason=not_found"));
    CHECK(has(lines[2], "left_out=2"));
    CHECK(has(lines[3], "stream refused reason=draining"));
    CHECK(log.with("topsecret").empty());
  }

  TEST_CASE("a refused request and a refused stream are logged where they are answered") {
    log_lines log;
    http_fixture at;
    at.node.on_open = [](io_loop&, stream_request, std::unique_ptr<stream_responder> responder) {
      responder->refuse(make_goodbye(close_code::draining, 1s, cursor{}));
    };
    at.ask("GET", "/events?access_token=topsecret");
    at.ask("GET", "/events", at.bearer());
    CHECK(log.with("request refused reason=unauthorized remote=127.0.0.1 path=/events").size() ==
          1);
    CHECK(log.with("stream refused reason=draining remote=127.0.0.1 path=/events").size() == 1);
    CHECK(log.with("topsecret").empty());
  }

  TEST_CASE("a TLS handshake beyond the bound ends the oldest that is under way") {
    const temp_dir dir;
    const auto cert = make_certificate(dir);
    http_fixture at([&](http_options& options, http_settings&) {
      options.public_tls = {cert.cert_file, cert.key_file};
      options.max_handshakes = 2;
    });
    const auto before = hits(limit_kind::tls_handshakes);
    auto oldest = at.connect();
    auto second = at.connect();
    // The next ones are accepted in turn; each ends the one before those that are left.
    auto third = at.connect();
    CHECK(oldest.read_all().empty());
    auto fourth = at.connect();
    CHECK(second.read_all().empty());
    CHECK(hits(limit_kind::tls_handshakes) == before + 2);
  }
}
