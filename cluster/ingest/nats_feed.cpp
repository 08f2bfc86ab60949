#include "cluster/ingest/nats_feed.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cluster/ingest/source_worker.hpp"
#include "cluster/nats/server_list.hpp"
#include "cluster/subjects.hpp"
#include "net/base/log.hpp"
#include "net/base/thread_name.hpp"

namespace starling::cluster {

namespace {

using std::chrono::milliseconds;

/// How often the thread looks after its leases when nothing wakes it.
constexpr milliseconds poll_interval{100};
constexpr milliseconds reconnect_wait{200};
constexpr milliseconds stop_patience{2000};
/// That wait to be told.
constexpr std::size_t max_words = 1024;

}  // namespace

nats_feed::nats_feed(const node_id& self, const nats_options& options)
    : self_(self), options_(options), names_(options.stream), sources_(names_) {}

nats_feed::~nats_feed() { stop(); }

void nats_feed::start(std::vector<foreign_source> sources, foreign_listener& listener) {
  if (sources.empty()) return;
  const std::lock_guard hold(mutex_);
  running_ = true;
  sources_.open(std::move(sources), self_, listener);
  thread_ = std::thread([this] { run(); });
}

void nats_feed::leave() {
  const std::lock_guard hold(mutex_);
  sources_.leave();
  wake();
}

void nats_feed::stop() {
  leave();
  {
    feed_lock hold(mutex_);
    if (running_) changed_.wait_for(hold, stop_patience, [this] { return sources_.all_standby(); });
    sources_.close();
    running_ = false;
    wake();
  }
  if (thread_.joinable()) thread_.join();
}

bool nats_feed::holds(std::size_t source) const noexcept { return sources_.holds(source); }

void nats_feed::settle(std::size_t source, std::uint64_t number) {
  const std::lock_guard hold(mutex_);
  if (sources_.settle(source, number)) wake();
}

void nats_feed::tell(std::string words) {
  const std::lock_guard hold(mutex_);
  if (!link_ || words_.size() >= max_words) return;
  words_.push_back(std::move(words));
  wake();
}

std::vector<foreign_source_state> nats_feed::states() const {
  const std::lock_guard hold(mutex_);
  std::vector<foreign_source_state> out;
  for (const auto& s : sources_.all()) out.push_back(s.report());
  return out;
}

void nats_feed::on_session_message(nats_session& from, const nats_message& message) {
  const std::lock_guard hold(mutex_);
  if (!link_ || !link_->is_over(from)) return;
  if (sources_.heard(message, link_->pulls().inbox())) wake();
}

void nats_feed::on_session_lost(nats_session&) {
  const std::lock_guard hold(mutex_);
  wake();
}

void nats_feed::wake() {
  news_ = true;
  changed_.notify_all();
}

// ---- nats-ingest ----

void nats_feed::run() {
  name_this_thread("nats-ingest");
  feed_lock hold(mutex_);
  while (running_) {
    const bool connected =
        (link_ && !link_->lost()) || unlocked(hold, [this] { return connect(); });
    news_ = false;
    if (connected) {
      send(hold);
      send_echo(hold);
    }
    source_worker worker(sources_, link_.get(), names_, self_, hold);
    worker.look_after_all();  // leases run out also without NATS
    if (connected) send(hold);
    changed_.notify_all();  // stop() may wait for what was done
    if (connected)
      changed_.wait_for(hold, poll_interval, [this] { return !running_ || news_; });
    else
      changed_.wait_for(hold, reconnect_wait, [this] { return !running_; });
  }
  hold.unlock();
  disconnect();
  nats_ReleaseThreadMemory();
}

bool nats_feed::connect() {
  disconnect();
  const auto inbox = subjects(options_.stream).inbox();
  const auto session = nats_session::open(
      {split_servers(options_.url), "starling ingest " + self_.str(), options_.security, inbox},
      weak_from_this());
  if (!session) return false;  // the node's other connection says why
  auto link = ingest_link::open(*session, names_, options_.replicas, inbox);
  if (!link) return not_connected(link.error().message);
  {
    const std::lock_guard hold(mutex_);
    link_ = std::move(*link);
    // What was on its way to the last session is not here.
    sources_.connected(link_->since());
  }
  if (!subscribe()) {
    disconnect();
    return not_connected("the connection was lost at once");
  }
  last_complaint_.clear();
  return true;
}

/// Says so, once per reason.
bool nats_feed::not_connected(const std::string& reason) {
  if (reason != last_complaint_)
    log::warn("foreign messages cannot be ingested; trying again", {{"reason", reason}});
  last_complaint_ = reason;
  return false;
}

bool nats_feed::subscribe() {
  auto& session = link_->session();
  for (const auto& subject :
       {link_->pulls().answers(), names_.leases(), names_.handovers(), names_.told()})
    if (!session.subscribe(subject)) return false;
  const auto& all = sources_.all();
  return std::all_of(all.begin(), all.end(), [&](const auto& s) {
    return s.of_stream() || session.subscribe(s.config().subject);
  });
}

void nats_feed::disconnect() {
  std::unique_ptr<ingest_link> gone;  // destroyed after the lock is let go
  const std::lock_guard hold(mutex_);
  gone = std::move(link_);
}

/// What is to be told, and acknowledgements.
void nats_feed::send(feed_lock& hold) {
  const auto words = std::exchange(words_, {});
  const auto acks = sources_.take_acks();
  unlocked(hold, [&] {
    for (const auto& each : words) link_->session().publish(names_.told(), each);
    for (const auto& subject : acks) link_->session().publish(subject, "+ACK");
  });
}

void nats_feed::send_echo(feed_lock& hold) {
  const auto now = steady_clock::now();
  if (!sources_.wants_echo() || now - echoed_ < poll_interval) return;
  echoed_ = now;
  unlocked(hold, [&] {
    link_->session().publish(link_->pulls().inbox() + std::string(ingest_sources::echo),
                             ingest_sources::echo_of(now));
  });
}

std::shared_ptr<foreign_feed> make_nats_feed(const node_id& self, const nats_options& options) {
  return std::make_shared<nats_feed>(self, options);
}

}  // namespace starling::cluster
