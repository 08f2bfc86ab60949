#include <random>

#include "net/front/http_handlers.hpp"
#include "net/front/stream_admission.hpp"
#include "net/front/stream_answer.hpp"

namespace starling::net {

namespace {

/// 1 to 2 times `retry`, so that those who are refused together do not return together.
std::chrono::milliseconds jittered(std::chrono::milliseconds retry) {
  thread_local std::minstd_rand random{std::random_device{}()};
  const auto most = std::max<std::int64_t>(retry.count(), 0);
  return retry +
         std::chrono::milliseconds(std::uniform_int_distribution<std::int64_t>(0, most)(random));
}

std::uint64_t address_key(const boost::asio::ip::address& address) {
  return std::hash<std::string>{}(address.to_string());
}

std::string remote_text(const boost::asio::ip::tcp::endpoint& remote) {
  const auto host = remote.address().to_string();
  const auto port = ':' + std::to_string(remote.port());
  return remote.address().is_v6() ? '[' + host + ']' + port : host + port;
}

http_response wrong_version_response(const error& why) {
  auto out = error_response(why, false);
  out.status = 426;
  out.headers = "Sec-WebSocket-Version: 13\r\n";
  return out;
}

/// What GET would say, without opening anything.
void handle_head(http_session& session, const stream_request& request) {
  const auto allowed = session.front().shared->node.check(request);
  if (!allowed) return session.answer(allowed.error());
  session.answer_head(sse_head(session.exchange(), {}));
}

}  // namespace

void handle_stream(std::shared_ptr<http_session> session, transport_kind kind) {
  auto& front = session->front();
  const auto& x = session->exchange();
  const bool ws = kind == transport_kind::ws;

  if (ws) {
    bool wrong_version = false;
    if (const auto shaken = check_ws_handshake(x.request, wrong_version); !shaken) {
      if (wrong_version) return session->answer(wrong_version_response(shaken.error()));
      return session->answer(shaken.error());
    }
  } else if (told_to_stay_away(x.request)) {
    http_response stay_away;
    stay_away.status = 204;
    return session->answer(std::move(stay_away));
  }
  auto request = parse_stream_request(x.request, kind, x.who, remote_text(x.remote),
                                      front.settings->limits.max_rooms);
  if (!request) return session->answer(request.error());
  if (x.request.method == http_method::head) return handle_head(*session, *request);

  const auto& settings = *front.settings;
  const auto wait = front.shared->connects.take(address_key(x.remote.address()), 1,
                                                settings.connect_rate, steady_clock::now());
  auto responder = std::make_unique<stream_answer>(std::move(session), *request);
  if (wait)
    return responder->refuse(
        make_goodbye(close_code::overload, jittered(std::max(settings.retry, *wait)), cursor{}));
  front.shared->node.open(front.loop, std::move(*request), std::move(responder));
}

std::vector<route> stream_routes() {
  static constexpr std::string_view sse_paths[] = {
      "/events",       "/stream",         "/sse", "/api/events", "/realtime/events",
      "/realtime/sse", "/api/sse/connect"};
  const auto row = [](std::string_view path, transport_kind kind) {
    return route{
        .path = std::string(path),
        .needs = access::token,
        .run = [kind](auto session) { handle_stream(std::move(session), kind); },
        .query = near_stream_parameters,
    };
  };
  std::vector<route> out{row("/ws", transport_kind::ws)};
  for (const auto path : sse_paths) out.push_back(row(path, transport_kind::sse));
  return out;
}

}  // namespace starling::net
