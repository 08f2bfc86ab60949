/// A whole connection: requests one after the other, streams and WebSockets, against a service that
/// accepts everything. `@TOKEN@` in the input stands for a good token, `@ADMIN@` for an
/// administrator's.
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "net/auth/sign.hpp"
#include "net/base/log.hpp"
#include "net/dialect/dialects.hpp"
#include "net/front/http_front.hpp"
#include "net/front/http_handlers.hpp"
#include "net/front/http_session.hpp"
#include "net/wire/encoders.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using namespace starling::net;
using fuzz::require;

namespace {

constexpr std::string_view secret = "a secret that only this program knows";

/// One stream: says connected, echoes commands as acks, lives until its peer leaves.
struct session : transport_observer {
  std::unique_ptr<transport> out;
  bool over = false;

  void on_closed(close_code) override { over = true; }
  void on_command(ws_command command) override {
    out->send(encode_ack(wire_format::ws_json, command.ref_json, ""));
  }
  void on_drained() override {}
};

class accepting_service : public service {
 public:
  void open(io_loop&, stream_request request, std::unique_ptr<stream_responder> to) override {
    auto fresh = std::make_unique<session>();
    const auto id = session_id::make(1);
    connected hello;
    hello.client_id = id;
    hello.user = request.identity->user.str();
    hello.rooms = request.rooms;
    hello.position = {7, 1};
    fresh->out = to->accept(hello, *fresh);
    if (!fresh->out) return;
    fresh->out->send(encode_connected(request.format, hello, std::chrono::milliseconds(2000)));
    sessions.push_back(std::move(fresh));
  }
  result<void> check(const stream_request&) override { return {}; }
  std::optional<goodbye> cannot_open(const tenant_id&) const override { return std::nullopt; }
  void publish(io_loop&, identity_ptr, publish_batch batch,
               std::function<void(std::vector<publish_verdict>)> done) override {
    std::vector<publish_verdict> out;
    for (const auto& item : batch.items)
      out.push_back(item ? publish_verdict(published{"made", {7, 9}})
                         : publish_verdict(item.error()));
    done(std::move(out));
  }
  std::vector<api_route> routes() override {
    const auto answer = [](io_loop&, const api_request& request,
                           std::function<void(api_reply)> done) {
      require(request.caller != nullptr, "nothing is asked without a token");
      done({200, "{}"});
    };
    return {{http_method::get, "/api/rooms/{room}/history", access::token, answer, "after limit"},
            {http_method::put, "/api/rooms/{room}/members/{user}", access::admin, answer, "", 64},
            {http_method::get, "/online-users", access::token, answer, "room"},
            {http_method::get, "/admin/v1/rooms/{name}", access::admin, answer, "tenant"},
            {http_method::post, "/admin/v1/nodes/{node}/drain", access::operator_, answer, "", 64}};
  }
  void close_session(io_loop&, identity_ptr, const session_id&,
                     std::function<void(result<void>)> done) override {
    done({});
  }
  void leave_behind(io_loop&, identity_ptr, const session_id&) override {}
  void send_to_session(io_loop&, identity_ptr, const session_id&, publish_item,
                       std::function<void(publish_verdict)> done) override {
    done(published{"made", {7, 9}});
  }
  void renew_session(io_loop&, identity_ptr fresh, const session_id&,
                     std::function<void(result<void>)> done) override {
    require(fresh != nullptr, "no session is renewed without a token");
    done({});
  }
  void change_session(io_loop&, identity_ptr, const session_id&, session_change,
                      std::function<void(result<void>)> done) override {
    done(result<void>{});
  }
  void publish_from_session(io_loop&, identity_ptr, const session_id&, publish_item item,
                            std::string, std::function<void(publish_verdict)> done) override {
    done(published{item.id.empty() ? "made" : item.id, {7, 9}});
  }
  void online_users(io_loop&, identity_ptr, online_scope, std::string,
                    std::function<void(result<std::vector<presence_user>>)> done) override {
    done(std::vector<presence_user>{});
  }
  void list_sessions(io_loop&, identity_ptr, std::size_t,
                     std::function<void(result<std::vector<session_info>>)> done) override {
    done(std::vector<session_info>{});
  }
  void find_event(io_loop&, const channel&, std::string,
                  std::function<void(result<std::optional<cursor>>)> done) override {
    done(std::optional<cursor>());
  }
  void describe_views(io_loop&, const tenant_id&,
                      std::function<void(std::vector<std::string>)> done) override {
    done({});
  }
  cursor here(const tenant_id&) const override { return {7, 9}; }
  void statistics(io_loop&, identity_ptr, std::function<void(result<node_stats>)> done) override {
    done(node_stats{});
  }
  net::health health() const override { return {.ready = true, .checks = {}}; }
  std::string metrics_text() const override { return "starling_rooms 0\n"; }

  std::vector<std::unique_ptr<session>> sessions;
};

class node {
 public:
  node() {
    log::set_level(log::level::off);
    key_options keys;
    keys.hs256_secret = std::string(secret);
    auto loaded = key_set::load(keys);
    require(loaded.ok(), "the keys load");
    http_settings settings{.keys = std::make_shared<const key_set>(std::move(*loaded)),
                           .rules = {},
                           .cors = cors_policy({"https://app.example.com"}),
                           .limits = {}};
    http_options options;
    options.max_body_bytes = 4096;
    options.max_header_bytes = 2048;
    static constexpr std::string_view page = "<html>hello</html>";
    const auto shared = std::shared_ptr<http_front>(
        new http_front{.node = service_,
                       .options = options,
                       .routes = router(front_routes(service_, {{"/", "text/html", page, false}},
                                                     dialect_routes(dialect_names(), {})))});
    front_ = std::shared_ptr<loop_front>(
        new loop_front{.loop = loop_,
                       .shared = shared,
                       .settings = std::make_shared<const http_settings>(std::move(settings))});
    token_ = sign("");
    admin_ = sign("\"admin\":true,");
  }

  void serve(std::string_view bytes, bool admin_listener, std::uint32_t cuts) {
    int ends[2];
    require(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0, "a connection");
    tcp_socket socket(loop_.context());
    socket.assign(boost::asio::ip::tcp::v4(), ends[0]);
    std::make_shared<http_session>(front_, peer_stream(std::move(socket)),
                                   boost::asio::ip::tcp::endpoint(), admin_listener, nullptr, false)
        ->start();
    std::string answer;
    const auto input = with_tokens(bytes);
    for (const auto part : fuzz::pieces(input, cuts)) {
      if (::send(ends[1], part.data(), part.size(), MSG_NOSIGNAL) < 0) break;
      settle();
      read(ends[1], answer);
    }
    ::shutdown(ends[1], SHUT_WR);
    settle();
    read(ends[1], answer);
    ::close(ends[1]);
    settle();
    for (const auto& each : service_.sessions)
      if (!each->over) each->out->close(close_code::shutdown);
    settle();
    service_.sessions.clear();
    require(front_->sessions.empty(), "a connection ends when its peer has left");
    require(answer.empty() || answer.starts_with("HTTP/1.1 "), "what is answered is HTTP");
  }

 private:
  static std::string sign(const std::string& claims) {
    auto made = sign_hs256("{" + claims +
                               "\"sub\":\"ida\",\"rooms\":[\"*\"],\"publish\":true,\"exp\":"
                               "4102444800}",
                           secret);
    require(made.ok(), "a token can be made");
    return *made;
  }
  std::string with_tokens(std::string_view bytes) const {
    std::string out(bytes);
    const auto put = [&out](std::string_view name, const std::string& token) {
      for (auto at = out.find(name); at != out.npos; at = out.find(name, at + token.size()))
        out.replace(at, name.size(), token);
    };
    put("@TOKEN@", token_);
    put("@ADMIN@", admin_);
    return out;
  }
  void settle() {
    while (loop_.context().poll() > 0) {
    }
  }
  static void read(int from, std::string& into) {
    char bytes[4096];
    for (;;) {
      const auto got = ::recv(from, bytes, sizeof bytes, 0);
      if (got <= 0) return;
      if (into.size() < 64) into.append(bytes, static_cast<std::size_t>(got));
    }
  }

  io_loop loop_{0};
  accepting_service service_;
  std::shared_ptr<loop_front> front_;
  std::string token_;
  std::string admin_;
};

}  // namespace

void fuzz(std::string_view bytes) {
  static node one;
  const auto how = fuzz::take_byte(bytes);
  one.serve(bytes, (how & 1) != 0, how);
}
