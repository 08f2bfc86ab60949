// What a room's history holds, in pages.
#include "actors/api/api_call.hpp"
#include "actors/api/paging.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::actors {

namespace {

/// An answer is cut here, and `next` goes on.
constexpr std::size_t max_answer_bytes = 4 * 1024 * 1024;

void append_event(std::string& out, const stored_event& stored, epoch_id epoch) {
  const auto& item = stored.event;
  net::json_writer object(out);
  object.text("id", item.id);
  object.text("event", item.name);
  object.number("ts", item.ts_ms());
  if (item.data_is_text)
    object.text("data", item.data);
  else
    object.raw("data", item.data);  // checked when it came in
  object.text("position", cursor{epoch, stored.seq}.str());
  if (!item.sender.empty()) object.text("sender", item.sender);
  if (!item.traceparent.empty()) object.text("traceparent", item.traceparent);
}

/// `{"events":[..],"next":..}`. No tree is made of what is stored.
std::string page_text(const cluster::log_page& page, epoch_id epoch) {
  std::string out = "{\"events\":[";
  std::size_t taken = 0;
  for (const auto& stored : page.events) {
    if (out.size() >= max_answer_bytes) break;
    if (taken++ > 0) out += ',';
    append_event(out, stored, epoch);
  }
  out += "],\"next\":";
  if (taken < page.events.size() || (page.more && taken > 0))
    net::append_quoted(out, cursor{epoch, page.events[taken - 1].seq}.str());
  else
    out += "null";
  return out += '}';
}

void get_history(const call_ptr& call) {
  auto& node = call->parts.node;
  const auto page =
      parse_page(call->request.query, 100, node.options.history.max_events_per_channel);
  if (!page) return call->fail(page.error());
  sequence after = 0;
  if (!page->after.empty()) {
    const auto at = parse_cursor(page->after);
    if (!at) return call->fail(error{errc::malformed, "after: not a position of this cluster"});
    // Nothing of another life of the store is before anything here.
    if (at->at.epoch == node.here(call->tenant).epoch) after = at->at.seq;
  }
  const auto& room = call->request.name;
  if_may_read(call, room, [call, room, after, limit = page->limit] {
    auto& node = call->parts.node;
    const auto epoch = node.here(call->tenant).epoch;
    const auto shape = [call, epoch](const result<cluster::log_page>& found) {
      if (!found) return call->fail(found.error());
      call->answer_text(page_text(*found, epoch));
    };
    node.engine->history_of(call->tenant)
        .read(room_channel(call->tenant, room), after, ~sequence{0}, limit, call->back(shape));
  });
}

}  // namespace

api_rows history_rows() {
  return {{net::http_method::get, "/api/rooms/{room}/history", net::access::token, get_history,
           "after limit tenant"}};
}

}  // namespace starling::actors
