#include "net/dialect/native/native.hpp"
#include "net/front/http_handlers.hpp"
#include "net/wire/codec.hpp"

namespace starling::net::native {

namespace {

bool is_ndjson(const http_request& request) noexcept {
  auto type = request.get(header::content_type).value_or("");
  type = trimmed(type.substr(0, type.find(';')));
  return iequals(type, "application/x-ndjson") || iequals(type, "application/ndjson");
}

http_response verdicts_response(const std::vector<publish_verdict>& verdicts, bool single) {
  if (single) return verdict_response(verdicts.front());
  return http_response{.body = to_json(verdicts)};
}

void handle_publish(std::shared_ptr<http_session> session) {
  auto& front = session->front();
  const auto& x = session->exchange();

  auto batch = parse_publish(x.request.body, is_ndjson(x.request), front.settings->limits);
  if (!batch) return session->answer(refuse_publish(x, front, batch.error()));
  auto key = idempotency_key_of(x.request);
  if (!key) return session->answer(refuse_publish(x, front, key.error()));
  batch->idempotency_key = std::move(*key);
  batch->traceparent = x.ids.traceparent;
  if (auto limited = limit_publish_rate(x, front, count_targets(*batch)))
    return session->answer(std::move(*limited));

  const bool single = batch->single;
  const auto caller = x.caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.publish(front.loop, caller, std::move(*batch),
                             [ticket, single](std::vector<publish_verdict> verdicts) {
                               // Without a verdict the ticket answers: 500.
                               if (single && verdicts.empty()) return;
                               ticket->answer(verdicts_response(verdicts, single));
                             });
}

}  // namespace

result<std::string> idempotency_key_of(const http_request& request) {
  const auto key = request.get(header::idempotency_key);
  if (!key) return std::string();
  if (valid_event_id(*key)) return std::string(*key);
  return error{errc::malformed, "Idempotency-Key must be 1-128 bytes of printable UTF-8"};
}

http_response verdict_response(const publish_verdict& verdict) {
  if (verdict) return http_response{.body = to_json(verdict)};
  const auto code = verdict.error().code;
  if (code == errc::unavailable || code == errc::rate_limited)
    return retry_response(verdict.error(), std::chrono::seconds(1), false);
  return error_response(verdict.error(), false);
}

std::vector<route> publish_routes() {
  return {{.method = http_method::post,
           .path = "/api/publish",
           .needs = access::token,
           .run = handle_publish,
           .max_body = largest_body,
           .query = "",
           .publishes = true}};
}

}  // namespace starling::net::native
