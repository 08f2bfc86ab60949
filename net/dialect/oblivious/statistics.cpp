#include "net/dialect/oblivious/statistics.hpp"

#include "net/base/clock.hpp"
#include "net/base/time_text.hpp"
#include "net/service.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net::oblivious {

namespace {

constexpr std::size_t most_listed = 1000;

/// The four figures that Oblivious gives.
void append_totals(json_writer& to, const node_stats& all) {
  to.number("active_connections", all.sessions);
  to.number("total_connections", all.opened);
  to.number("total_messages", all.deliveries);
  to.number("total_bytes", all.bytes_out);
}

/// Where one client stands, as Oblivious' GetClientInfo says it.
void append_client(std::string& out, const session_info& client, std::int64_t now_ms) {
  json_writer object(out);
  object.text("id", client.client_id);
  object.text("user_id", client.user);
  object.text("ip", client.remote);
  object.text("node", client.node);
  object.text("created_at", rfc3339(client.opened_ms));
  object.text("last_activity_at", rfc3339(client.last_activity_ms));
  object.number("message_count", client.delivered);
  object.number("bytes_sent", client.bytes_out);
  object.number("queued_events", client.queued_events);
  object.number("uptime", (now_ms - client.opened_ms) / 1000);
  object.number("connected_duration", (now_ms - client.opened_ms) / 1000);
}

}  // namespace

void handle_stats(std::shared_ptr<http_session> session) {
  auto& front = session->front();
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front.shared->node.statistics(front.loop, caller, [ticket](result<node_stats> all) {
    if (!all) return ticket->answer(all.error());
    http_response out;
    {
      json_writer object(out.body);
      json_writer statistics(object.value("statistics"));
      append_totals(statistics, *all);
    }
    ticket->answer(std::move(out));
  });
}

void handle_debug_stats(std::shared_ptr<http_session> session) {
  const auto front = session->shared_front();
  const auto caller = session->exchange().caller;
  auto ticket = std::make_shared<answer_ticket>(std::move(session));
  front->shared->node.statistics(
      front->loop, caller, [front, caller, ticket](result<node_stats> all) {
        if (!all) return ticket->answer(all.error());
        front->shared->node.list_sessions(
            front->loop, caller, most_listed,
            [front, ticket, all = *all](const result<std::vector<session_info>>& clients) {
              if (!clients) return ticket->answer(clients.error());
              http_response out;
              {
                json_writer object(out.body);
                {
                  json_writer statistics(object.value("statistics"));
                  append_totals(statistics, all);
                  statistics.number("closed_connections", all.closed);
                  statistics.number("waiting_bytes", all.outbox_bytes);
                }
                object.number("retry_ms", front->settings->retry.count());
                auto& list = object.value("clients") += '[';
                for (const auto& client : *clients) {
                  if (list.back() != '[') list += ',';
                  append_client(list, client, wall_ms());
                }
                list += ']';
              }
              ticket->answer(std::move(out));
            });
      });
}

}  // namespace starling::net::oblivious
