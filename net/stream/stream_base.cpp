#include "net/stream/stream_base.hpp"

#include <boost/asio/post.hpp>

namespace starling::net {

namespace {
using namespace std::chrono_literals;
constexpr auto unwritten_linger = 5s;  ///< for output the peer does not take
constexpr auto peer_linger = 2s;       ///< for the peer to end its side
}  // namespace

stream_base::stream_base(io_loop& loop, transport_observer& owner, shape how)
    : loop_(loop),
      owner_(owner),
      life_(std::make_shared<char>()),
      outbox_(how.whole_frames),
      kind_(how.kind),
      format_(how.format) {}

stream_base::~stream_base() {
  loop_.forget(*this);
  loop_.metrics().outbox_bytes.sub(outbox_.bytes());
}

void stream_base::start(std::string_view head, std::string already_read) {
  queue({"", head, ""});
  if (already_read.empty()) {
    arm_read();
    return;
  }
  boost::asio::post(loop_.context(), [this, alive = life(), bytes = std::move(already_read)] {
    if (!alive.expired() && !over_) input(bytes);
  });
}

void stream_base::send(frame bytes) {
  if (!closing()) queue(std::move(bytes));
}

void stream_base::queue(frame bytes) {
  const auto size = outbox_.push(std::move(bytes));
  sent_ += size;
  loop_.metrics().outbox_bytes.add(size);
  loop_.mark_dirty(*this);
}

void stream_base::close(close_code why) {
  if (!closing()) begin_close(why, closing_frame(why));
}

void stream_base::begin_close(close_code why, frame last) {
  if (closing()) return;
  closing_ = true;
  why_ = why;
  if (last) queue(std::move(last));
  loop_.mark_dirty(*this);
  loop_.timers().arm(*this, steady_clock::now() + unwritten_linger);
  if (std::exchange(read_paused_, false)) arm_read();
}

std::size_t stream_base::drop_queued() {
  const auto dropped = outbox_.drop_events(frames_begun());
  sent_ -= dropped.bytes;
  loop_.metrics().outbox_bytes.sub(dropped.bytes);
  return dropped.events;
}

void stream_base::notify_when_drained() {
  drain_wanted_ = true;
  if (outbox_.empty()) loop_.mark_dirty(*this);
}

void stream_base::flush() {
  if (over_) return;
  if (!outbox_.empty()) write_queued();
  if (!over_ && outbox_.empty()) settle();
}

void stream_base::written(std::size_t bytes) {
  auto& metrics = loop_.metrics();
  written_ += bytes;
  metrics.bytes_out.add(bytes);
  metrics.outbox_bytes.sub(bytes);
  std::int64_t now = 0;
  outbox_.consume(bytes, [&](const frame& done) {
    if (!done.is_event()) return;
    if (now == 0) now = wall_ns();
    delivered_ += done.items();
    metrics.deliveries[static_cast<std::size_t>(kind_)].add(done.items());
    for (const auto accepted : done.accepted_ns()) metrics.delivery_latency.observe(now - accepted);
  });
}

/// Everything is written.
void stream_base::settle() {
  if (closing_) {
    if (std::exchange(output_ended_, true)) return;
    loop_.timers().arm(*this, steady_clock::now() + peer_linger);
    end_output();
    return;
  }
  if (std::exchange(read_paused_, false)) arm_read();
  const bool back_pressure = std::exchange(back_pressure_, false);
  const bool wanted = std::exchange(drain_wanted_, false);
  if (!back_pressure && !wanted) return;
  drained_news_ = true;
  tell_owner();
}

void stream_base::input(std::string_view bytes) {
  if (!closing_) {
    const auto alive = life();
    received(bytes);
    if (alive.expired()) return;
  }
  if (over_) return;
  if (closing_ || wants_input())
    arm_read();
  else
    read_paused_ = true;
}

void stream_base::finish(close_code why) {
  if (over_) return;
  acknowledged_bytes();  // while there is a socket to ask
  over_ = true;
  why_ = why;
  loop_.timers().cancel(*this);
  loop_.metrics().outbox_bytes.sub(outbox_.bytes());
  outbox_.clear();
  close_channel();
  tell_owner();
}

/// From the loop, so that the owner is never called from inside its own call.
void stream_base::tell_owner() {
  if (std::exchange(news_posted_, true)) return;
  boost::asio::post(loop_.context(), [this, alive = life()] {
    if (alive.expired()) return;
    news_posted_ = false;
    const bool drained = std::exchange(drained_news_, false);
    if (over_)
      owner_.on_closed(why_);
    else if (drained && outbox_.empty())
      owner_.on_drained();
    else if (drained)
      drain_wanted_ = true;  // more was queued since: another time
  });
}

}  // namespace starling::net
