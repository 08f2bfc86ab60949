#include "apps/starling-bench/clients/session_pool.hpp"

namespace starling::bench {

namespace {

constexpr std::int64_t connect_limit_ns = 10 * second_ns;
constexpr int small_receive_bytes = 4096;

}  // namespace

session_pool::session_pool(event_loop& loop, dialer& dial, ledger& books, pool_settings settings)
    : loop_(loop),
      dial_(dial),
      books_(books),
      settings_(std::move(settings)),
      buffer_(256 * 1024) {}

std::uint32_t session_pool::add(std::uint32_t group, bool will_stall) {
  const auto index = static_cast<std::uint32_t>(plans_.size());
  for (std::uint32_t slot = 0; slot < settings_.layout.per_session; ++slot) {
    books_.add_session(settings_.layout.room(group, slot));
  }
  sessions_.emplace_back(*this, index);
  plans_.push_back({group, false, will_stall, false, false, 0});
  return index;
}

void session_pool::join(std::uint32_t session) {
  for (std::uint32_t slot = 0; slot < settings_.layout.per_session; ++slot) {
    books_.join(settings_.layout.subscription(session, slot));
  }
}

void session_pool::leave(std::uint32_t session) {
  for (std::uint32_t slot = 0; slot < settings_.layout.per_session; ++slot) {
    books_.leave(settings_.layout.subscription(session, slot));
  }
}

/// As a query wants it; empty for a user's own events.
std::string session_pool::rooms_of(std::uint32_t session) const {
  std::string names;
  for (std::uint32_t slot = 0; slot < settings_.layout.per_session; ++slot) {
    const auto room = settings_.layout.room(plans_[session].group, slot);
    if (books_.is_user(room)) break;
    names.append(names.empty() ? "" : ",").append(books_.name(room));
  }
  return names;
}

int session_pool::dial(std::uint32_t session) {
  return dial_.connect(target_of(session), plans_[session].will_stall ? small_receive_bytes : 0);
}

void session_pool::close(std::uint32_t session) {
  auto& client = sessions_[session];
  if (client.state() == session_state::live) {
    --live_;
    leave(session);
  } else if (client.state() != session_state::closed) {
    --opening_;
  }
  client.close();
}

void session_pool::stall(std::uint32_t session) {
  if (!is_live(session)) return;
  plans_[session].stalled = true;
  leave(session);
  sessions_[session].pause();
}

void session_pool::resume_stalled() {
  for (std::uint32_t i = 0; i < plans_.size(); ++i) {
    if (plans_[i].stalled && is_live(i)) sessions_[i].resume();
  }
}

void session_pool::pump() {
  while (!waiting_.empty() && opening_ < settings_.concurrency) {
    const auto next = waiting_.front();
    waiting_.pop_front();
    if (sessions_[next].state() != session_state::closed) continue;
    ++opening_;
    started_.push_back(next);
    sessions_[next].open();
  }
  const auto now = now_ns();
  while (!started_.empty()) {
    auto& oldest = sessions_[started_.front()];
    const auto state = oldest.state();
    const bool pending = state == session_state::connecting || state == session_state::greeting;
    if (pending && now - oldest.opened_ns() < connect_limit_ns) return;
    started_.pop_front();
    if (!pending || now - oldest.opened_ns() < connect_limit_ns) continue;
    oldest.close();
    on_closed(oldest, state, "no answer within 10 s");
  }
}

std::string session_pool::request_for(std::uint32_t session, const std::string& cursor) const {
  const auto rooms = rooms_of(session);
  auto request = "GET " + stream_path(settings_.speaks, settings_.websocket, rooms);
  request += " HTTP/1.1\r\nHost: " + dial_.at(target_of(session)).host_port + "\r\n";
  if (const auto& token = settings_.token(session); !token.empty()) {
    request += "Authorization: Bearer " + token + "\r\n";
  }
  const bool resumes = settings_.keep_cursors && !cursor.empty();
  if (settings_.websocket) {
    if (resumes) {
      const auto at = request.find(" HTTP/1.1");
      const char joint = rooms.empty() ? '?' : '&';
      request.insert(at, joint + ("last_event_id=" + cursor));
    }
    return request +
           "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Key: c3RhcmxpbmctYmVuY2gwMQ==\r\n"
           "Sec-WebSocket-Protocol: starling.v1.json\r\n\r\n";
  }
  if (resumes) request += "Last-Event-ID: " + cursor + "\r\n";
  return request + "Accept: text/event-stream\r\n\r\n";
}

void session_pool::on_stamp(std::uint32_t session, const stamp& found) {
  if (plans_[session].stalled) return;
  const auto& layout = settings_.layout;
  books_.received(layout.subscription(session, layout.slot_of(found.n)), layout.n_of(found.n));
  if (found.t < measure_from_) return;
  latency_.record(now_ - found.t);
  if (plans_[session].remote) remote_latency_.record(now_ - found.t);
}

void session_pool::on_live(session& client, std::string_view greeting) {
  --opening_;
  ++live_;
  ++counters_.connected;
  connect_latency_.record(now_ - client.opened_ns());
  const bool resumed = settings_.keep_cursors && !client.cursor().empty();
  const auto lost = greeting.find("\"lost\":[{");
  if (resumed && lost != std::string_view::npos) ++counters_.resume_losses;
  join(client.index());
  if (observer_) observer_(client.index(), true);
}

void session_pool::on_goodbye(std::uint32_t session, std::string_view code) {
  auto& mine = plans_[session];
  mine.said_goodbye = true;
  auto& counts = mine.stalled ? stalled_goodbyes_ : reasons_;
  ++counts[mine.stalled ? std::string(code) : "goodbye " + std::string(code)];
}

void session_pool::on_closed(session& client, session_state was, std::string_view reason) {
  auto& mine = plans_[client.index()];
  const bool was_live = was == session_state::live;
  --(was_live ? live_ : opening_);
  const bool said_goodbye = std::exchange(mine.said_goodbye, false);
  if (mine.stalled) {
    if (!said_goodbye) ++stalled_goodbyes_["closed without goodbye"];
    return;
  }
  ++(was_live ? counters_.closed_early : counters_.failed);
  if (was_live) leave(client.index());
  if (!said_goodbye) ++reasons_[std::string(reason)];
  if (observer_) observer_(client.index(), false);
}

}  // namespace starling::bench
