// What watches over a node asks.
#include "net/base/clock.hpp"
#include "net/base/time_text.hpp"
#include "net/front/http_handlers.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net {

namespace {

enum class probe : std::uint8_t {
  live,   ///< this thread answers, which is all it takes
  ready,  ///< new streams may come here
  healthy
};

void handle_health(http_session& session, probe asked) {
  const auto state = session.front().shared->node.health();
  bool checks_ok = true;
  std::string checks;
  for (const auto& [name, ok, detail] : state.checks) {
    checks_ok = checks_ok && ok;
    if (!checks.empty()) checks += ',';
    checks += "{\"name\":" + net::quoted(name) + ",\"ok\":" + (ok ? "true" : "false") +
              ",\"detail\":" + net::quoted(detail) + '}';
  }
  const bool good = asked == probe::live ? true : asked == probe::ready ? state.ready : checks_ok;
  http_response out;
  out.status = good ? 200 : 503;
  {
    json_writer object(out.body);
    object.text("status", good ? "ok" : "unavailable");
    object.value("checks").append("[").append(checks).append("]");
    object.text("service", "starling");
    object.text("version", state.version);
    object.text("timestamp", rfc3339(wall_ms()));
    object.number("uptime_seconds", state.started_ms ? (wall_ms() - state.started_ms) / 1000 : 0);
    object.number("connections", state.sessions);
    json_writer dependencies(object.value("dependencies"));
    for (const auto& check : state.checks)
      dependencies.text(check.name, check.ok ? "ok" : "unavailable");
  }
  out.headers = "Cache-Control: no-store\r\n";
  session.answer(std::move(out));
}

void handle_metrics(std::shared_ptr<http_session> session) {
  http_response out;
  out.content_type = "text/plain; version=0.0.4; charset=utf-8";
  out.body = session->front().shared->node.metrics_text();
  session->answer(std::move(out));
}

route_handler answers(probe asked) {
  return [asked](auto session) { handle_health(*session, asked); };
}

}  // namespace

std::vector<route> health_routes() {
  const auto get = http_method::get;
  return {
      {get, "/livez", access::none, answers(probe::live)},
      {get, "/live", access::none, answers(probe::live)},
      {get, "/readyz", access::none, answers(probe::ready)},
      {get, "/ready", access::none, answers(probe::ready)},
      {get, "/healthz", access::none, answers(probe::healthy)},
      {get, "/health", access::none, answers(probe::healthy)},
      {get, "/metrics", access::none, handle_metrics},
  };
}

}  // namespace starling::net
