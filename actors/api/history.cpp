// What a room's history holds, in pages.
#include <algorithm>
#include <span>

#include "actors/api/api_call.hpp"
#include "actors/api/paging.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::actors {

namespace {

constexpr std::size_t usual_page = 100;
constexpr std::size_t largest_page = 1000;
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

/// How many of the page's events are beyond the newest `keep` of the channel: the store keeps one
/// more than is shown, see replay.
std::size_t surplus_of(const cluster::log_page& page, std::size_t keep) {
  const auto& events = page.events;
  if (events.size() > keep) return events.size() - keep;
  if (!page.full) return 0;
  return static_cast<std::size_t>(
      std::ranges::count_if(events, [&](const auto& each) { return each.seq <= page.oldest; }));
}

/// `{"events":[..],"next":..}`, with `limit` events and up to `max_answer_bytes`. No tree is made
/// of what is stored.
std::string page_text(const cluster::log_page& page, std::size_t limit, std::size_t keep,
                      epoch_id epoch) {
  std::string out = "{\"events\":[";
  const auto shown = std::span(page.events).subspan(surplus_of(page, keep));
  std::size_t taken = 0;
  for (const auto& stored : shown) {
    if (taken == limit || out.size() >= max_answer_bytes) break;
    if (taken++ > 0) out += ',';
    append_event(out, stored, epoch);
  }
  out += "],\"next\":";
  if (taken > 0 && (taken < shown.size() || page.more))
    net::append_quoted(out, cursor{epoch, shown[taken - 1].seq}.str());
  else
    out += "null";
  return out += '}';
}

void get_history(const call_ptr& call) {
  auto& node = call->parts.node;
  const auto page = parse_page(call->request.query, usual_page, largest_page);
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
    const auto keep = node.options.history.max_events_per_channel;
    const auto shape = [call, limit, keep, epoch](const result<cluster::log_page>& found) {
      if (!found) return call->fail(found.error());
      call->answer_text(page_text(*found, limit, keep, epoch));
    };
    // The first may be the surplus one, and the last tells that the page is not all.
    node.engine->history_of(call->tenant)
        .read(room_channel(call->tenant, room), after, ~sequence{0}, limit + 2, call->back(shape));
  });
}

}  // namespace

api_rows history_rows() {
  return {{net::http_method::get, "/api/rooms/{room}/history", net::access::token, get_history,
           "after limit tenant"}};
}

}  // namespace starling::actors
