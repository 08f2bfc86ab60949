#include "net/front/http_handlers.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/json_reader.hpp"

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

/// Refusals that the service never sees are counted here; it counts its own.
http_response refusal(loop_front& front, const error& why, bool plain) {
  front.loop.metrics().publish_errors[static_cast<std::size_t>(why.code)].add();
  return error_response(why, plain);
}

std::optional<http_response> limit_rate(const http_exchange& x, loop_front& front,
                                        std::size_t items) {
  const auto wait = front.shared->publishes.take(x.who->token_hash, static_cast<double>(items),
                                                 front.settings->publish_rate, steady_clock::now());
  if (!wait) return std::nullopt;
  const error why{errc::rate_limited,
                  "this token publishes faster than limits.publish_rate allows"};
  auto out = refusal(front, why, x.where.found->plain_error);
  add_retry_after(out, *wait);
  return out;
}

/// Looks at a body `{event?, data}`; what is missing or of the wrong kind the service says.
result<void> check_notice(std::string_view body, std::size_t max_event_bytes) {
  json_reader in(body);
  if (in.peek() != json_kind::object)
    return error{errc::malformed, "the body must be a JSON object"};
  std::string text;
  std::optional<error> fault;
  in.enter();
  for (std::string name; in.next_member(name);) {
    if ((name != "data" && name != "event") || in.peek() != json_kind::string) {
      in.skip();
      continue;
    }
    text.clear();
    in.read_string(text);
    if (name == "event" && reserved_event_name(text)) fault = reserved_event(text);
    if (name == "data" && text.size() > max_event_bytes)
      fault = too_large_event(text.size(), max_event_bytes);
  }
  if (!in.finish()) return error{errc::malformed, in.failure()};
  if (fault) return *fault;
  return {};
}

}  // namespace

std::optional<http_response> refuse_notice(const http_exchange& x, loop_front& front) {
  const auto good = check_notice(x.request.body, front.settings->limits.max_event_bytes);
  if (!good) return refusal(front, good.error(), true);
  return limit_rate(x, front, 1);
}

void handle_publish(std::shared_ptr<http_session> session) {
  auto& front = session->front();
  const auto& x = session->exchange();

  auto batch = parse_publish(x.request.body, is_ndjson(x.request), front.settings->limits);
  if (!batch) return session->answer(refusal(front, batch.error(), false));
  if (const auto key = x.request.get(header::idempotency_key)) {
    if (!valid_event_id(*key))
      return session->answer(refusal(
          front, {errc::malformed, "Idempotency-Key must be 1-128 bytes of printable UTF-8"},
          false));
    batch->idempotency_key = *key;
  }
  if (auto limited = limit_rate(x, front, batch->items.size()))
    return session->answer(std::move(*limited));

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
