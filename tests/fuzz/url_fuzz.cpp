/// What a request's head is taken apart into: path, query, cookies, lists, origin, stream
/// parameters.
#include <memory>

#include "net/dialect/native/stream_parameters.hpp"
#include "net/dialect/poll/poll_request.hpp"
#include "net/front/stream_admission.hpp"
#include "net/http/cors.hpp"
#include "net/http/http_request.hpp"
#include "net/http/router.hpp"
#include "net/http/url.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

void check_stream(const net::http_request& request, net::transport_kind kind) {
  static const auto identity = std::make_shared<const net::identity>();
  const auto wanted =
      net::native::parse_stream_request(request, kind, identity, "127.0.0.1:1", 1000, {});
  if (!wanted) {
    require(wanted.error().code == errc::malformed || wanted.error().code == errc::too_large,
            "a wrong parameter is malformed, too many rooms are too large");
    return;
  }
  for (const auto& room : wanted->rooms) require(valid_room(room), "rooms have valid names");
}

void check_poll(const net::http_request& request) {
  net::http_exchange x;
  x.request = request;
  x.caller = std::make_shared<const net::identity>();
  const auto wanted = net::poll::parse_poll_request(x, 1000, {});
  if (wanted) require(wanted->timeout <= net::poll::longest_poll_timeout, "nobody polls for ever");
}

}  // namespace

void fuzz(std::string_view bytes) {
  const auto line = fuzz::take_until(bytes, '\n');
  const auto decoded = net::percent_decode(line, false);
  require(decoded.size() <= line.size(), "decoding does not make longer");
  require(net::percent_decode(net::percent_encode(line), false) == line,
          "what is encoded decodes to itself");
  if (const auto url = net::parse_http_url(line)) require(!url->host.empty(), "a URL has a host");

  net::http_request request;
  request.clear();
  request.method = net::http_method::get;
  request.target = line;
  request.set(net::header::accept, fuzz::take_until(bytes, '\n'));
  request.set(net::header::cookie, fuzz::take_until(bytes, '\n'));
  request.set(net::header::last_event_id, fuzz::take_until(bytes, '\n'));
  request.set(net::header::origin, fuzz::take_until(bytes, '\n'));
  request.set(net::header::ws_key, fuzz::take_until(bytes, '\n'));
  request.set(net::header::connection, fuzz::take_until(bytes, '\n'));
  request.set(net::header::host, bytes);

  static const net::router routes(std::vector<net::route>{
      {.path = "/"}, {.path = "/rooms/{room}"}, {.path = "/admin", .admin_listener_only = true}});
  for (const bool admin : {false, true}) {
    const auto match = routes.match(request.method, request.path(), admin);
    require(match.found == nullptr || match.allow.empty(), "found, or what is allowed");
  }
  const auto token = net::token_of(request, true);
  require(token.empty() || !net::token_of(request, true).empty(), "a token is found again");
  (void)net::accepts_event_stream(request.get(net::header::accept));
  (void)net::accepts_coding(request.get(net::header::accept), "gzip");
  static const net::cors_policy policy({"https://*.example.com", "http://localhost:3000"});
  const auto decision =
      policy.check(request.get(net::header::origin), request.get(net::header::host).value_or(""));
  require(decision.allow_origin.find_first_of("\r\n") == std::string::npos,
          "an origin cannot begin another header");
  bool wrong_version = false;
  (void)net::check_ws_handshake(request, wrong_version);
  check_stream(request, net::transport_kind::sse);
  check_stream(request, net::transport_kind::ws);
  check_poll(request);
}
