#include "net/http_handlers.hpp"
#include "net/wire/codec.hpp"

namespace starling::net {

namespace {

bool is_ndjson(const http_request& request) noexcept {
  auto type = request.get(header::content_type).value_or("");
  type = trimmed(type.substr(0, type.find(';')));
  return iequals(type, "application/x-ndjson") || iequals(type, "application/ndjson");
}

http_response verdict_response(const std::vector<publish_verdict>& verdicts, bool single) {
  http_response out;
  if (!single) {
    out.body = to_json(verdicts);
    return out;
  }
  const auto& verdict = verdicts.front();
  if (!verdict) {
    const auto code = verdict.error().code;
    if (code == errc::unavailable || code == errc::rate_limited)
      return retry_response(verdict.error(), std::chrono::seconds(1), false);
    return error_response(verdict.error(), false);
  }
  out.body = to_json(verdict);
  return out;
}

/// Refusals that the service never sees; it counts its own.
void refuse(http_session& session, errc code, http_response what) {
  session.front().loop.metrics().publish_errors[static_cast<std::size_t>(code)].add();
  session.answer(std::move(what));
}

}  // namespace

void handle_publish(std::shared_ptr<http_session> session) {
  auto& front = session->front();
  const auto& x = session->exchange();
  const auto& settings = *front.settings;

  auto batch = parse_publish(x.request.body, is_ndjson(x.request), settings.limits);
  if (!batch) return refuse(*session, batch.error().code, error_response(batch.error(), false));
  if (const auto key = x.request.get(header::idempotency_key)) {
    if (!valid_event_id(*key))
      return refuse(
          *session, errc::malformed,
          error_response(
              {errc::malformed, "Idempotency-Key must be 1-128 bytes of printable UTF-8"}, false));
    batch->idempotency_key = *key;
  }
  const auto wait =
      front.shared->publishes.take(x.who->token_hash, static_cast<double>(batch->items.size()),
                                   settings.publish_rate, steady_clock::now());
  if (wait)
    return refuse(*session, errc::rate_limited,
                  retry_response({errc::rate_limited,
                                  "this token publishes faster than limits.publish_rate allows"},
                                 *wait, false));

  const bool single = batch->single;
  const auto who = x.who;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.publish(front.loop, who, std::move(*batch),
                             [ticket, single](std::vector<publish_verdict> verdicts) {
                               // Without a verdict the ticket answers: 500.
                               if (single && verdicts.empty()) return;
                               ticket->answer(verdict_response(verdicts, single));
                             });
}

}  // namespace starling::net
