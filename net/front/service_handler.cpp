// Requests that the service answers itself.
#include "net/front/http_handlers.hpp"

namespace starling::net {

namespace {

api_request request_for(http_exchange& x) {
  api_request out{.caller = x.caller,
                  .name = std::move(x.route.name),
                  .member = std::move(x.route.member),
                  .query = {},
                  .body = std::move(x.request.body)};
  for (const auto& [name, value] : x.request.query().all()) out.query.emplace(name, value);
  return out;
}

void answer_with(http_session& session, api_reply reply) {
  http_response out;
  out.status = reply.status;
  out.body = std::move(reply.body);
  if (out.status == 503) out.headers = "Retry-After: 1\r\n";
  session.answer(std::move(out));
}

}  // namespace

std::vector<route> service_routes(std::vector<api_route> rows) {
  std::vector<route> out;
  for (auto& row : rows)
    out.push_back({.method = row.method,
                   .path = std::string(row.path),
                   .needs = row.needs,
                   .run =
                       [run = std::move(row.run)](std::shared_ptr<http_session> session) {
                         auto& loop = session->front().loop;
                         auto request = request_for(session->exchange());
                         auto ticket = std::make_shared<answer_ticket>(std::move(session));
                         run(loop, std::move(request), [ticket](api_reply reply) {
                           if (const auto asker = ticket->settle())
                             answer_with(*asker, std::move(reply));
                         });
                       },
                   .max_body = row.max_body,
                   .query = row.query,
                   .admin_listener_only = row.path.starts_with("/admin/")});
  return out;
}

}  // namespace starling::net
