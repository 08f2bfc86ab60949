/// A real http_server on 127.0.0.1 with a service of the test's making, and a client of raw bytes.
#pragma once

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <boost/asio/post.hpp>

#include "net/auth/sign.hpp"
#include "net/base/clock.hpp"
#include "net/dialect/dialects.hpp"
#include "net/front/http_server.hpp"
#include "net/wire/encoders.hpp"

namespace starling::net::test {

/// What may be published.
inline const std::string item = R"({"room":"lobby","event":"note","data":1})";

inline std::string get(const std::string& target, const std::string& headers) {
  return "GET " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n";
}

/// A session that owns its transport until the peer leaves.
struct fake_session : transport_observer {
  std::unique_ptr<transport> out;
  void on_closed(close_code) override { out.reset(); }
  void on_command(ws_command) override {}
  void on_drained() override {}
};

/// Answers at once with what the test set; by default everything succeeds.
class fake_service : public service {
 public:
  std::function<void(io_loop&, stream_request, std::unique_ptr<stream_responder>)> on_open;
  std::function<result<void>(const stream_request&)> on_check;
  std::function<void(publish_batch, std::function<void(std::vector<publish_verdict>)>)> on_publish;
  std::function<void(api_request, std::function<void(api_reply)>)> on_call;
  std::function<void(const session_id&, std::function<void(publish_verdict)>)> on_send;
  std::function<result<void>(const identity&, const session_id&)> on_renew;
  std::function<result<void>(const identity&, const session_id&, const session_change&)> on_change;
  std::function<std::vector<presence_user>(online_scope, const std::string&)> on_online;
  std::function<std::optional<cursor>(const channel&, const std::string&)> on_find;
  std::vector<std::string> views;
  std::optional<goodbye> full;  ///< what open() would say instead, for HEAD
  net::health state{.ready = true, .checks = {{"engine", true, "memory"}}};

  void open(io_loop& loop, stream_request request,
            std::unique_ptr<stream_responder> responder) override {
    if (on_open) return on_open(loop, std::move(request), std::move(responder));
    welcome(request, *responder);
  }
  result<void> check(const stream_request& request) override {
    return on_check ? on_check(request) : result<void>{};
  }
  std::optional<goodbye> cannot_open(const tenant_id&) const override { return full; }
  void publish(io_loop&, identity_ptr, publish_batch batch,
               std::function<void(std::vector<publish_verdict>)> done) override {
    if (on_publish) return on_publish(std::move(batch), std::move(done));
    std::vector<publish_verdict> out;
    for (const auto& item : batch.items)
      out.push_back(item ? publish_verdict(published{item->id.empty() ? "made" : item->id, {7, 9}})
                         : publish_verdict(item.error()));
    done(std::move(out));
  }
  /// One row of each kind of access; without on_call each echoes what it was asked.
  std::vector<api_route> routes() override {
    const auto echo = [this](io_loop&, const api_request& request,
                             std::function<void(api_reply)> done) {
      if (on_call) return on_call(request, std::move(done));
      done({200, "{\"name\":\"" + request.name + "\",\"member\":\"" + request.member + "\"}"});
    };
    return {{http_method::get, "/api/rooms/{room}/history", access::token, echo, "after limit"},
            {http_method::del, "/api/rooms/{room}/members/{user}", access::admin, echo},
            {http_method::get, "/api/echo", access::token, echo, "x"},
            {http_method::get, "/admin/v1/nodes", access::admin, echo},
            {http_method::get, "/admin/v1/rooms/{name}", access::admin, echo, "tenant"},
            {http_method::post, "/admin/v1/nodes/{node}/drain", access::operator_, echo, "", 16}};
  }
  void close_session(io_loop&, identity_ptr, const session_id&,
                     std::function<void(result<void>)> done) override {
    done({});
  }
  void leave_behind(io_loop&, identity_ptr, const session_id&) override {}
  void send_to_session(io_loop&, identity_ptr, const session_id& id, publish_item,
                       std::function<void(publish_verdict)> done) override {
    if (on_send) return on_send(id, std::move(done));
    done(published{"made", {7, 9}});
  }
  void renew_session(io_loop&, identity_ptr fresh, const session_id& id,
                     std::function<void(result<void>)> done) override {
    done(on_renew ? on_renew(*fresh, id) : result<void>{});
  }
  void change_session(io_loop&, identity_ptr caller, const session_id& id, session_change change,
                      std::function<void(result<void>)> done) override {
    done(on_change ? on_change(*caller, id, change) : result<void>{});
  }
  void publish_from_session(io_loop&, identity_ptr, const session_id&, publish_item item,
                            std::string, std::function<void(publish_verdict)> done) override {
    done(published{item.id.empty() ? "made" : item.id, {7, 9}});
  }
  void online_users(io_loop&, identity_ptr, online_scope scope, std::string room,
                    std::function<void(result<std::vector<presence_user>>)> done) override {
    done(on_online ? on_online(scope, room) : std::vector<presence_user>{});
  }
  void list_sessions(io_loop&, identity_ptr, std::size_t,
                     std::function<void(result<std::vector<session_info>>)> done) override {
    done(std::vector<session_info>{});
  }
  void find_event(io_loop&, const channel& channel, std::string id,
                  std::function<void(result<std::optional<cursor>>)> done) override {
    done(on_find ? on_find(channel, id) : std::nullopt);
  }
  void describe_views(io_loop&, const tenant_id&,
                      std::function<void(std::vector<std::string>)> done) override {
    done(views);
  }
  cursor here(const tenant_id&) const override { return {7, 9}; }
  void statistics(io_loop&, identity_ptr, std::function<void(result<node_stats>)> done) override {
    done(node_stats{.sessions = 3, .deliveries = 5, .bytes_out = 6, .opened = 4});
  }
  net::health health() const override { return state; }
  std::string metrics_text() const override { return "starling_rooms 0\n"; }

  /// Accepts a stream and says connected.
  void welcome(const stream_request& request, stream_responder& responder) {
    auto session = std::make_unique<fake_session>();
    const auto id = session_id::make(1);
    connected hello;
    hello.client_id = id;
    hello.user = request.identity->user.str();
    hello.rooms = request.rooms;
    hello.position = {7, 1};
    hello.resumed = request.last_event_id.has_value();
    session->out = responder.accept(hello, *session);
    if (!session->out) return;
    session->out->send(encode_connected(request.format, hello, std::chrono::milliseconds(2000)));
    sessions_.push_back(std::move(session));
  }
  /// Loop thread, or when the loops have ended.
  void drop_sessions() { sessions_.clear(); }

 private:
  std::vector<std::unique_ptr<fake_session>> sessions_;
};

/// Blocking; every wait is bounded by five seconds and then fails the test.
class raw_client {
 public:
  explicit raw_client(const std::string& address) {
    const auto colon = address.rfind(':');
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(colon + 1))));
    inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
    fd_ = ::socket(AF_INET, SOCK_STREAM, 0);
    const timeval most{5, 0};
    setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &most, sizeof most);
    REQUIRE(::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0);
  }
  raw_client(const raw_client&) = delete;
  raw_client& operator=(const raw_client&) = delete;
  ~raw_client() { ::close(fd_); }

  void send(std::string_view bytes) {
    REQUIRE(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(bytes.size()));
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  /// Up to and including `mark`; what came after it is kept for the next read.
  std::string read_until(std::string_view mark) {
    for (;;) {
      const auto at = kept_.find(mark);
      if (at != kept_.npos) return take(at + mark.size());
      REQUIRE_MESSAGE(read_some(), "closed; had: " << kept_);
    }
  }
  /// One answer with Content-Length: head and body.
  std::string read_answer() {
    auto out = read_until("\r\n\r\n");
    const auto at = out.find("Content-Length: ");
    if (at == out.npos) return out;
    const auto size = static_cast<std::size_t>(std::stoul(out.substr(at + 16)));
    while (kept_.size() < size) REQUIRE(read_some());
    return out += take(size);
  }
  /// Everything until the server closes.
  std::string read_all() {
    while (read_some()) {
    }
    return std::exchange(kept_, {});
  }

 private:
  bool read_some() {
    char bytes[4096];
    const auto got = ::recv(fd_, bytes, sizeof bytes, 0);
    REQUIRE_MESSAGE(got >= 0, "nothing came for five seconds; had: " << kept_);
    kept_.append(bytes, static_cast<std::size_t>(got));
    return got > 0;
  }
  std::string take(std::size_t size) {
    auto out = kept_.substr(0, size);
    kept_.erase(0, size);
    return out;
  }

  int fd_;
  std::string kept_;
};

/// One loop, one server, keys by a secret, one allowed origin, two pages.
class http_fixture {
 public:
  explicit http_fixture(std::function<void(http_options&, http_settings&)> adjust = {}) {
    http_options options;
    options.public_address = options.admin_address = "127.0.0.1:0";
    settings = fresh_settings();
    if (adjust) adjust(options, settings);
    static constexpr std::string_view page = "<html>hello</html>";
    server = std::make_unique<http_server>(
        std::vector<io_loop*>{&loop}, node, options,
        std::make_shared<const http_settings>(settings),
        std::vector<static_asset>{{"/", "text/html", page, false},
                                  {"/admin", "text/html", page, true},
                                  {"/lib.js", "text/javascript", page, false, "squeezed"}},
        dialect_routes(dialect_names(), {}));
    server->start();
    loop.start();
  }
  ~http_fixture() {
    server->stop();
    loop.stop();
    loop.join();
    node.drop_sessions();
  }

  static http_settings fresh_settings() {
    key_options keys;
    keys.hs256_secret = "a secret of this test";
    auto loaded = key_set::load(keys);
    REQUIRE(loaded.ok());
    return {.keys = std::make_shared<const key_set>(std::move(*loaded)),
            .rules = {},
            .cors = cors_policy({"https://app.example.com"}),
            .limits = {},
            .formats = *dialect_formats(dialect_names(), "named")};
  }
  /// more: further claims, each followed by a comma.
  static std::string token(const std::string& user, const std::string& more = "") {
    const auto exp = std::to_string(wall_ms() / 1000 + 600);
    auto out = sign_hs256("{" + more + "\"sub\":\"" + user + "\",\"exp\":" + exp + "}",
                          "a secret of this test");
    REQUIRE(out.ok());
    return *out;
  }
  static std::string bearer(const std::string& user = "ida", const std::string& more = "") {
    return "Authorization: Bearer " + token(user, more) + "\r\n";
  }

  /// Sends a request on its own connection and reads until the server closes.
  std::string ask(const std::string& method, const std::string& target,
                  const std::string& headers = "", const std::string& body = "",
                  bool admin = false) const {
    raw_client client(admin ? server->admin_address() : server->public_address());
    auto bytes = method + " " + target + " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + headers;
    if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    client.send(bytes + "\r\n" + body);
    return client.read_all();
  }
  std::string ask_admin(const std::string& method, const std::string& target,
                        const std::string& headers = "", const std::string& body = "") const {
    return ask(method, target, headers, body, true);
  }
  /// What starling_publish_errors_total has of a code; of requests that were answered.
  std::uint64_t refused_publishes(errc code) {
    return loop.metrics().publish_errors[static_cast<std::size_t>(code)].get();
  }
  /// Runs `task` on the loop and waits for its end.
  void on_loop(std::function<void()> task) {
    std::promise<void> ran;
    boost::asio::post(loop.context(), [&] {
      task();
      ran.set_value();
    });
    REQUIRE(ran.get_future().wait_for(std::chrono::seconds(5)) == std::future_status::ready);
  }
  raw_client connect() const { return raw_client(server->public_address()); }

  fake_service node;
  http_settings settings;
  io_loop loop{0};
  std::unique_ptr<http_server> server;
};

inline publish_verdict published_ok() { return published{"made", {7, 9}}; }
inline int status_of(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 ") ? std::stoi(answer.substr(9, 3)) : 0;
}
inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

}  // namespace starling::net::test
