// Sessions of the cluster, and their end.
#include "actors/api/api_call.hpp"
#include "actors/api/listing.hpp"
#include "actors/api/session_pages.hpp"
#include "net/wire/admin_codec.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

/// An operator need not say whose session it is: its id is enough.
tenant_id session_tenant(const call_ptr& call) {
  return call->caller().is_operator && !call->parameter("tenant") ? tenant_id{} : call->tenant;
}

void list_sessions(const call_ptr& call) {
  const auto page = parse_page(call->request.query, 100, max_page);
  if (!page) return call->fail(page.error());
  auto order = session_order::id;
  if (const auto* name = call->parameter("sort")) {
    const auto known = parse_session_order(*name);
    if (!known)
      return call->fail(
          error{errc::malformed, "sort must be id, newest, delivered or queued, not " + *name});
    order = *known;
  }
  if (!page->after.empty() && !read_session_key(order, page->after))
    return call->fail(error{errc::malformed, order == session_order::id
                                                 ? "after: not a client id"
                                                 : "after: not what `next` said"});
  sessions_question asked{.tenant = call->asked_tenant(),
                          .after = page->after,
                          .limit = page->limit + 1,
                          .order = static_cast<std::uint64_t>(order)};
  if (const auto* user = call->parameter("user")) asked.user = *user;
  if (const auto* search = call->parameter("search")) asked.search = *search;
  call->parts.cluster.ask_all(
      call->loop, std::move(asked),
      [call, order, limit = page->limit](const cluster_answer<sessions_answer>& given) {
        std::map<std::string, json> all;
        std::uint64_t total = 0;
        for (const auto& part : given.parts) {
          total += part.body.total;
          for (const auto& session : part.body.sessions) all[session_key(order, session)] = session;
        }
        auto out = page_json("sessions", std::move(all), limit, total);
        add_nodes(out, given);
        call->answer(out);
      });
}

std::optional<session_id> session_in_path(const call_ptr& call) {
  const auto id = session_id::parse(call->request.name);
  if (!id) call->fail(net::no_session(call->request.name));
  return id;
}

void get_session(const call_ptr& call) {
  const auto id = session_in_path(call);
  if (!id) return;
  call->parts.cluster.ask_home_of(call->loop, *id,
                                  sessions_question{.tenant = session_tenant(call), .session = *id},
                                  [call](const result<sessions_answer>& found) {
                                    if (!found) return call->fail(found.error());
                                    if (found->sessions.empty())
                                      return call->fail(net::no_session(call->request.name));
                                    call->answer(found->sessions.front());
                                  });
}

void kick_session(const call_ptr& call) {
  const auto id = session_in_path(call);
  if (!id) return;
  call->parts.cluster.ask_home_of(call->loop, *id, close_question{*id, session_tenant(call)},
                                  [call](const result<nothing>& closed) {
                                    if (!closed) return call->fail(closed.error());
                                    call->answer({{"closed", 1}});
                                  });
}

}  // namespace

api_rows session_rows() {
  using enum net::http_method;
  constexpr auto admin = net::access::admin;
  return {
      {get, "/admin/v1/sessions", admin, list_sessions,
       "after limit search sort user tenant all_tenants"},
      {get, "/admin/v1/sessions/{client}", admin, get_session, "tenant"},
      {del, "/admin/v1/sessions/{client}", admin, kick_session, "tenant"},
  };
}

}  // namespace starling::actors
