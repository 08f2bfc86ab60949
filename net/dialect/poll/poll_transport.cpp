#include "net/dialect/poll/poll_transport.hpp"

#include <boost/asio/post.hpp>
#include <utility>

#include "net/dialect/poll/poll_format.hpp"

namespace starling::net::poll {

poll_transport::poll_transport(io_loop& loop, std::shared_ptr<poll_sessions> sessions,
                               poll_opening opening, transport_observer& owner)
    : loop_(loop),
      sessions_(std::move(sessions)),
      opening_(std::move(opening)),
      owner_(owner),
      box_(opening_.id.str(), opening_.position) {
  sessions_->add(opening_.id, loop_, *this);
}

poll_transport::~poll_transport() {
  loop_.forget(*this);
  finish(why_);
}

bool poll_transport::go_on(const poll_visit& visit, const poll_reply& reply) {
  if (over_ || (!visit.rooms.empty() && visit.rooms != opening_.rooms)) return false;
  const auto before = box_.untold_bytes();
  if (!box_.go_on_from(visit.from)) return false;
  loop_.metrics().outbox_bytes.sub(before);
  loop_.metrics().outbox_bytes.add(box_.untold_bytes());
  // Of two requests with different tokens the older one may come later.
  if (visit.caller->token_hash != caller().token_hash &&
      visit.caller->expires_s >= caller().expires_s) {
    opening_.caller = visit.caller;
    visit.renew();
  }
  if (open_) reply_with(box_.empty_answer());
  open_ = reply;
  if (box_.has_news())
    answer_with_news();
  else if (visit.timeout.count() == 0)
    reply_with(box_.empty_answer());
  else
    loop_.timers().arm(*this, steady_clock::now() + visit.timeout);
  return true;
}

void poll_transport::send(frame bytes) {
  if (over_) return;
  loop_.metrics().outbox_bytes.add(box_.add(std::move(bytes)));
  loop_.mark_dirty(*this);
}

/// There is nothing to keep alive; but a client that hears nothing need not stay behind.
void poll_transport::send_heartbeat(std::string_view id) {
  if (const auto at = parse_cursor(id); at && !box_.has_news()) box_.moved_to(at->at);
}

void poll_transport::close(close_code why) {
  flush();
  finish(why);
}

std::size_t poll_transport::drop_queued() {
  const auto dropped = box_.drop_events();
  loop_.metrics().outbox_bytes.sub(dropped.bytes);
  return dropped.events;
}

void poll_transport::notify_when_drained() {
  drain_wanted_ = true;
  if (box_.untold_records() == 0) loop_.mark_dirty(*this);
}

wire_format poll_transport::format() const noexcept { return poll_format(); }

void poll_transport::flush() {
  if (over_) return;
  if (open_ && box_.has_news()) return answer_with_news();
  back_pressure_ = box_.untold_records() > 0;
  if (back_pressure_ || !std::exchange(drain_wanted_, false)) return;
  drained_news_ = true;
  tell_owner();
}

void poll_transport::on_timer() {
  if (open_) return reply_with(box_.empty_answer());
  finish(close_code::client_closed);
}

void poll_transport::answer_with_news() {
  auto& metrics = loop_.metrics();
  metrics.outbox_bytes.sub(box_.untold_bytes());
  const auto now = wall_ns();
  auto json = box_.answer([&](std::int64_t accepted_ns) {
    ++delivered_;
    metrics.deliveries[static_cast<std::size_t>(transport_kind::poll)].add();
    metrics.delivery_latency.observe(now - accepted_ns);
  });
  metrics.bytes_out.add(json.size());
  reply_with(std::move(json));
  const bool back_pressure = std::exchange(back_pressure_, false);
  const bool wanted = std::exchange(drain_wanted_, false);
  if (!back_pressure && !wanted) return;
  drained_news_ = true;
  tell_owner();
}

void poll_transport::reply_with(std::string json) {
  loop_.timers().arm(*this, steady_clock::now() + sessions_->grace());
  std::exchange(open_, nullptr)(std::move(json));
}

void poll_transport::finish(close_code why) {
  if (over_) return;
  over_ = true;
  why_ = why;
  loop_.timers().cancel(*this);
  loop_.metrics().outbox_bytes.sub(box_.untold_bytes());
  std::optional<poll_sessions::farewell> last;
  if (open_) {  // it ends by a fault: the client goes on with its cursor
    reply_with(box_.empty_answer());
    loop_.timers().cancel(*this);
  } else if (!box_.goodbye().empty() && !box_.said_goodbye()) {
    last.emplace();
    last->caller = opening_.caller;
    last->after = box_.told();
    last->goodbye = box_.goodbye();
    last->retry_ms = box_.retry_ms();
    last->answer = box_.answer([](std::int64_t) {});
  }
  sessions_->remove(opening_.id, std::move(last));
  tell_owner();
}

/// From the loop, so that the owner is never called from inside its own call.
void poll_transport::tell_owner() {
  if (std::exchange(news_posted_, true)) return;
  boost::asio::post(loop_.context(), [this, alive = std::weak_ptr<void>(life_)] {
    if (alive.expired()) return;
    news_posted_ = false;
    const bool drained = std::exchange(drained_news_, false);
    if (over_)
      owner_.on_closed(why_);
    else if (drained && box_.untold_records() == 0)
      owner_.on_drained();
    else if (drained)
      drain_wanted_ = true;  // more was queued since: another time
  });
}

}  // namespace starling::net::poll
