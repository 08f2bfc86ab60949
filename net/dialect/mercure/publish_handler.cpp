#include "net/dialect/mercure/authorization.hpp"
#include "net/dialect/mercure/handlers.hpp"
#include "net/dialect/mercure/publish_form.hpp"
#include "net/front/http_handlers.hpp"

namespace starling::net::mercure {

namespace {

bool is_form(const http_request& request) noexcept {
  auto type = request.get(header::content_type).value_or("");
  return iequals(trimmed(type.substr(0, type.find(';'))), "application/x-www-form-urlencoded");
}

/// What the form and the token allow.
result<publish_form> admit_form(const http_exchange& x, loop_front& front, const bearer& from) {
  if (!is_form(x.request))
    return error{errc::malformed,
                 "an update is posted as Content-Type: application/x-www-form-urlencoded"};
  auto form = parse_publish_form(x.request.body, front.settings->limits);
  if (form && !from.rights.may_publish(form->update.topics))
    return error{errc::forbidden, "the token may not publish to every one of these topics"};
  return form;
}

}  // namespace

void handle_publish(std::shared_ptr<http_session> session, const hub_settings& settings) {
  auto& front = session->front();
  auto& x = session->exchange();
  if (const auto listed = check_origin(x); !listed)
    return session->answer(refuse_publish(x, front, listed.error()));
  const auto from = authorize_publisher(x, front, settings);
  if (!from) return session->answer(refuse_publish(x, front, from.error()));
  // The rights were the hub's to judge: to the node it speaks for itself.
  auto caller = std::make_shared<identity>(from->identity);
  caller->publish_all = true;
  x.caller = caller;
  auto form = admit_form(x, front, *from);
  if (!form) return session->answer(refuse_publish(x, front, form.error()));
  if (auto limited = limit_publish_rate(x, front, 1)) return session->answer(std::move(*limited));

  auto batch = to_batch(*form);
  batch.traceparent = x.ids.traceparent;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.publish(front.loop, caller, std::move(batch),
                             [ticket](std::vector<publish_verdict> verdicts) {
                               if (verdicts.empty()) return;  // the ticket answers: 500
                               for (const auto& verdict : verdicts)
                                 if (!verdict) return ticket->answer(verdict.error());
                               http_response out;
                               out.content_type = "text/plain; charset=utf-8";
                               out.body = verdicts.front()->id;
                               out.headers = hub_headers;
                               ticket->answer(std::move(out));
                             });
}

}  // namespace starling::net::mercure
