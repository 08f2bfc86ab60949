#include "cluster/ingest/nats_feed.hpp"

#include <algorithm>
#include <random>
#include <utility>

#include "cluster/nats/server_list.hpp"
#include "cluster/subjects.hpp"
#include "net/base/log.hpp"

namespace starling::cluster {

namespace {

using std::chrono::milliseconds;

/// How often the thread looks after its leases when nothing wakes it.
constexpr milliseconds poll_interval{100};
constexpr milliseconds reconnect_wait{200};
constexpr std::int64_t api_timeout_ms = 1000;
/// A leaving node waits so long for what is under way.
constexpr milliseconds leave_patience{1500};
constexpr milliseconds stop_patience{2000};
constexpr milliseconds consumer_retry{1000};
/// Between two looks at whether what was delivered before is acknowledged.
constexpr milliseconds settle_look{50};
constexpr milliseconds loss_log_interval{5000};

/// Of a core source, handed out and not settled: what comes beyond is lost, and counted.
constexpr std::size_t max_under_way = 65536;
constexpr std::size_t max_under_way_bytes = 64 * 1024 * 1024;
/// That wait to be told.
constexpr std::size_t max_words = 1024;
/// Of a stream, not acknowledged: no more is asked for.
constexpr std::size_t max_unacked = 1024;
constexpr std::size_t pull_batch = 256;
/// A pull ends by itself soon, so that a node that hangs takes nothing for long.
constexpr milliseconds pull_expires{500};
/// What is not acknowledged comes again after so long; the server needs a moment for that.
constexpr milliseconds ack_wait{1000};
constexpr milliseconds again_wait = ack_wait + milliseconds(300);
/// So long after it has asked for its lease a node pulls. What such a pull brings it comes again
/// before another node holds the lease.
constexpr milliseconds pulls_after_renewal = lease::patience - pull_expires - ack_wait;
static_assert(pulls_after_renewal > lease::renewal);

constexpr std::string_view freed_suffix = ".free";
constexpr std::string_view held_word = "held ";

std::string holder_in(std::string_view value) {
  return value.starts_with(held_word) ? std::string(value.substr(held_word.size())) : std::string();
}

std::int64_t ns_of(steady_time at) noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(at.time_since_epoch()).count();
}

std::string random_name() {
  std::random_device random;
  std::string out;
  for (int i = 0; i < 20; ++i) out += "abcdefghijklmnopqrstuvwxyz234567"[random() % 32];
  return out;
}

struct entry_deleter {
  void operator()(kvEntry* entry) const noexcept { kvEntry_Destroy(entry); }
};
using entry_ptr = std::unique_ptr<kvEntry, entry_deleter>;

std::string value_of(kvEntry* entry) {
  const void* const bytes = kvEntry_Value(entry);
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(kvEntry_ValueLen(entry))};
}

/// The stream in `$JS.ACK.<stream>.<durable>. ...` (with domain and account before the stream);
/// `consumer`: the durable between its dots.
std::string_view stream_of(std::string_view reply, std::string_view consumer) {
  const auto at = reply.find(consumer);
  if (at == reply.npos || at == 0) return {};
  const auto start = reply.rfind('.', at - 1);
  return start == reply.npos ? std::string_view() : reply.substr(start + 1, at - start - 1);
}

}  // namespace

nats_feed::nats_feed(const node_id& self, const nats_options& options)
    : self_(self),
      options_(options),
      bucket_(options.stream + "_leases"),
      lease_prefix_("$KV." + bucket_ + '.'),
      handover_prefix_(options.stream + ".ingest."),
      told_(options.stream + ".told"),
      durable_(options.stream + "-ingest"),
      consumer_('.' + durable_ + '.'),
      own_prefix_(options.stream + '.') {}

nats_feed::~nats_feed() { stop(); }

void nats_feed::start(std::vector<foreign_source> sources, foreign_listener& listener) {
  if (sources.empty()) return;
  const std::lock_guard hold(mutex_);
  listener_ = &listener;
  running_ = true;
  for (auto& each : sources) {
    auto pattern = subject_pattern::parse(each.subject);
    if (!pattern) continue;  // checked with the configuration
    auto& made = sources_.emplace_back(std::move(each), std::move(*pattern), steady_clock::now());
    made.key = escape_key_token(made.config.stream.empty() ? made.config.subject
                                                           : made.config.stream + ' ');
  }
  thread_ = std::thread([this] { run(); });
}

void nats_feed::leave() {
  const std::lock_guard hold(mutex_);
  leaving_ = news_ = true;
  changed_.notify_all();
}

void nats_feed::stop() {
  leave();
  {
    std::unique_lock hold(mutex_);
    const auto settled = [this] {
      return std::all_of(sources_.begin(), sources_.end(),
                         [](const source& s) { return s.state == duty::standby; });
    };
    if (running_) changed_.wait_for(hold, stop_patience, settled);
    listener_ = nullptr;
    running_ = false;
    news_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

bool nats_feed::holds(std::size_t index) const noexcept {
  return index < sources_.size() &&
         ns_of(steady_clock::now()) <
             sources_[index].valid_until_ns.load(std::memory_order_acquire);
}

void nats_feed::settle(std::size_t index, std::uint64_t number) {
  const std::lock_guard hold(mutex_);
  auto& s = sources_.at(index);
  if (const auto found = s.under_way.find(number); found != s.under_way.end()) {
    s.under_way_bytes -= found->second;
    s.under_way.erase(found);
  }
  if (const auto found = s.unacked.find(number); found != s.unacked.end()) {
    acks_.push_back(std::move(found->second));
    s.unacked.erase(found);
    news_ = true;
    changed_.notify_all();
  } else if (s.state == duty::leaving && quiet(s)) {
    news_ = true;
    changed_.notify_all();
  }
}

void nats_feed::tell(std::string words) {
  const std::lock_guard hold(mutex_);
  if (!session_ || words_.size() >= max_words) return;
  words_.push_back(std::move(words));
  news_ = true;
  changed_.notify_all();
}

std::vector<foreign_source_state> nats_feed::states() const {
  const std::lock_guard hold(mutex_);
  std::vector<foreign_source_state> out;
  for (const auto& s : sources_) {
    // An entry of ours may stand there when it is not ours any more.
    const bool over = !s.lease.held() && s.lease.holder() == self_.str();
    out.push_back({s.config, over ? std::string() : s.lease.holder(), s.lost});
  }
  return out;
}

// ---- nats-ingest ----

void nats_feed::run() {
  std::unique_lock hold(mutex_);
  while (running_) {
    if (!session_ || session_->lost()) {
      hold.unlock();
      disconnect();
      const bool connected = connect();
      hold.lock();
      if (!connected) {
        // Leases run out while we cannot renew them.
        hold.unlock();
        for (std::size_t i = 0; i < sources_.size(); ++i) step(i);
        hold.lock();
        changed_.wait_for(hold, reconnect_wait, [this] { return !running_; });
        continue;
      }
    }
    news_ = false;
    hold.unlock();
    acknowledge();
    for (std::size_t i = 0; i < sources_.size(); ++i) step(i);
    acknowledge();
    hold.lock();
    changed_.wait_for(hold, poll_interval, [this] { return !running_ || news_; });
  }
  hold.unlock();
  disconnect();
  nats_ReleaseThreadMemory();
}

bool nats_feed::connect() {
  const auto inbox = subjects(options_.stream).inbox();
  auto opened = nats_session::open(
      {split_servers(options_.url), "starling ingest " + self_.str(), options_.security, inbox},
      weak_from_this());
  if (!opened) return false;
  const auto session = std::move(*opened);
  inbox_ = inbox + '.' + random_name() + '.';
  jsOptions settings;
  jsOptions_Init(&settings);
  settings.Wait = api_timeout_ms;
  jsCtx* js = nullptr;
  auto status = natsConnection_JetStream(&js, session->connection(), &settings);
  js_.reset(js);
  kvStore* store = nullptr;
  if (status == NATS_OK) status = js_KeyValue(&store, js, bucket_.c_str());
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = bucket_.c_str();
    config.Replicas = options_.replicas;
    config.History = 1;
    config.StorageType = js_FileStorage;
    status = js_CreateKeyValue(&store, js, &config);
    // Another node may have been quicker.
    if (status != NATS_OK) status = js_KeyValue(&store, js, bucket_.c_str());
  }
  store_.reset(store);
  std::string reason =
      status == NATS_OK ? "" : jetstream::failed("bucket '" + bucket_ + "'", status).message;
  bool heard = status == NATS_OK;
  {
    const std::lock_guard hold(mutex_);
    session_ = session;
    session_since_ = steady_clock::now();
    // What was on its way to the last session is not here.
    for (auto& s : sources_) unsettle(s);
  }
  for (const auto& subject : {inbox_ + '*', lease_prefix_ + '>', handover_prefix_ + '>', told_})
    heard = heard && session->subscribe(subject);
  for (const auto& s : sources_)
    if (s.config.stream.empty()) heard = heard && session->subscribe(s.config.subject);
  if (heard) {
    last_complaint_.clear();
    return true;
  }
  if (reason.empty()) reason = "the connection was lost at once";
  if (reason != last_complaint_)
    log::warn("foreign messages cannot be ingested; trying again", {{"reason", reason}});
  last_complaint_ = reason;
  disconnect();
  return false;
}

void nats_feed::disconnect() {
  std::shared_ptr<nats_session> gone;
  {
    const std::lock_guard hold(mutex_);
    gone = std::exchange(session_, nullptr);
  }
  store_.reset();
  js_.reset();
  if (!gone) return;
  if (!gone->lost()) gone->flush(milliseconds(500));
  gone->close();
}

void nats_feed::step(std::size_t index) {
  auto& s = sources_[index];
  const auto now = steady_clock::now();
  std::unique_lock hold(mutex_);
  const bool connected = session_ && !session_->lost();
  if (s.lease.expired(now)) {
    log::warn("a lease has run out", {{"source", s.config.subject}});
    relieve(index);
  }
  if (!connected) return;
  if (!s.lease.held()) {
    const bool wanted = !leaving_ && s.lease.look_due(now);
    hold.unlock();
    if (wanted) look(index);
    return;
  }
  bool mark = false;
  if (leaving_ && s.leave_by == steady_time{}) {
    s.leave_by = now + leave_patience;
    // A core source goes on until its mark is back, a stream until no pull brings any more.
    mark = s.config.stream.empty();
    if (!mark) {
      hold.unlock();
      end_pulls();
      hold.lock();
      if (!s.lease.held()) return;
      s.state = duty::leaving;
    }
  }
  const bool over = s.state == duty::leaving && quiet(s) && acks_.empty();
  const bool late = leaving_ && now > s.leave_by;
  const bool renewal = s.lease.renewal_due(now);
  const auto session = session_;
  hold.unlock();
  // Comes back to us and to those who wait, in the midst of the messages: up to there they are
  // ours.
  if (mark) session->publish(handover_prefix_ + s.key, self_.str());
  if (over || late) return release(index);
  if (renewal) renew(index);
  if (!s.config.stream.empty()) pull(index);
}

/// Else the server would go on giving messages to this node, and its successor later ones.
void nats_feed::end_pulls() {
  if (std::exchange(pulls_over_, true)) return;
  if (!session_->drain(inbox_ + '*', pull_expires))
    log::warn("pulls from foreign streams are not ended", {{"within_ms", pull_expires.count()}});
}

void nats_feed::look(std::size_t index) {
  auto& s = sources_[index];
  kvEntry* raw = nullptr;
  const auto found = kvStore_Get(&raw, store_.get(), s.key.c_str());
  const entry_ptr entry(raw);
  if (found != NATS_OK && found != NATS_NOT_FOUND) {
    const std::lock_guard hold(mutex_);
    return complain(s, std::string("its lease cannot be read: ") + natsStatus_GetText(found));
  }
  // Before the write: its echo may be heard before its answer.
  predecessor before;
  {
    const std::lock_guard hold(mutex_);
    if (entry) {
      s.lease.looked_up(holder_in(value_of(raw)), kvEntry_Revision(raw), steady_clock::now());
      if (!s.lease.takeable(self_.str(), steady_clock::now())) return;
    }
    before = {!s.lease.holder().empty() || s.handed_over != steady_time{}, s.lease.holder(),
              s.lease.last_heard()};
  }
  if (entry && !erase(s, kvEntry_Revision(raw))) return;
  const auto asked = steady_clock::now();
  std::uint64_t revision = 0;
  const auto mine = std::string(held_word) + self_.str();
  const auto status = kvStore_CreateString(&revision, store_.get(), s.key.c_str(), mine.c_str());
  const std::lock_guard hold(mutex_);
  if (status == NATS_OK)
    taken(index, revision, asked, before);
  else
    s.lease.lost(steady_clock::now());  // another was quicker
}

/// An entry is replaced by erasing and creating it: of two nodes that write at the same time and
/// expect the same revision nats-server 2.9 lets both, with replicas (132 times of 200); of two
/// that expect no entry, one. What has been written since `revision` stays.
bool nats_feed::erase(source& s, std::uint64_t revision) {
  const auto subject = lease_prefix_ + s.key;
  jsOptions options;
  jsOptions_Init(&options);
  options.Stream.Purge.Subject = subject.c_str();
  options.Stream.Purge.Sequence = revision + 1;
  jsErrCode code{};
  const auto status = js_PurgeStream(js_.get(), ("KV_" + bucket_).c_str(), &options, &code);
  if (status == NATS_OK) return true;
  const std::lock_guard hold(mutex_);
  complain(s, std::string("its lease cannot be erased: ") + natsStatus_GetText(status));
  return false;
}

void nats_feed::renew(std::size_t index) {
  auto& s = sources_[index];
  const auto mine = std::string(held_word) + self_.str();
  const auto asked = steady_clock::now();
  std::uint64_t revision = 0;
  const auto status = kvStore_UpdateString(&revision, store_.get(), s.key.c_str(), mine.c_str(),
                                           s.lease.revision());
  const std::lock_guard hold(mutex_);
  if (!s.lease.held()) return;
  // What was dropped meanwhile because the lease was over must not be taken for under way.
  if (s.lease.expired(steady_clock::now())) return relieve(index);
  if (status == NATS_OK) {
    s.lease.taken(self_.str(), revision, asked);
    s.valid_until_ns.store(ns_of(s.lease.valid_until()), std::memory_order_release);
  } else if (status == NATS_TIMEOUT || status == NATS_NO_RESPONDERS ||
             status == NATS_CONNECTION_CLOSED) {
    complain(s, std::string("its lease cannot be renewed: ") + natsStatus_GetText(status));
  } else {
    // Somebody else has it, or our own renewal came through and its answer did not: look.
    relieve(index);
  }
}

void nats_feed::release(std::size_t index) {
  auto& s = sources_[index];
  const auto revision = s.lease.revision();
  {
    const std::lock_guard hold(mutex_);
    relieve(index);
  }
  if (erase(s, revision))
    session_->publish(handover_prefix_ + s.key + std::string(freed_suffix), self_.str());
  else
    log::warn("a source is not handed over, its lease runs out", {{"source", s.config.subject}});
  changed_.notify_all();
}

/// With the lock.
void nats_feed::taken(std::size_t index, std::uint64_t revision, steady_time asked,
                      const predecessor& before) {
  auto& s = sources_[index];
  s.lease.taken(self_.str(), revision, asked);
  s.valid_until_ns.store(ns_of(s.lease.valid_until()), std::memory_order_release);
  s.state = duty::ingesting;
  s.complaint.clear();
  unsettle(s);
  // What a dead node had been given before its lease was over comes again by now, unless NATS has
  // counted anew meanwhile.
  const bool died = !before.id.empty() && before.id != self_.str();
  if (died) s.settled_by = session_since_ + again_wait;
  log::info("this node ingests a source",
            {{"source", s.config.subject}, {"stream", s.config.stream}, {"before", before.id}});
  if (!s.config.stream.empty()) return;
  // Handed over: the last holder has all before its mark. Dead: messages with ids are ingested
  // again from further back, the store knows which it has; of others nobody knows, and none is
  // ingested twice.
  const auto surely_new = before.last_heard + lease::validity;
  std::uint64_t unknown = 0;
  const auto since = before.any && before.id.empty() ? s.handed_over : steady_time{};
  for (auto& each : s.buffer.take(since)) {
    if (!died || s.config.replayable || each.heard > surely_new)
      dispatch(index, std::move(each));
    else if (each.heard > before.last_heard)
      ++unknown;
  }
  count_lost(s, unknown, "the node that ingested them died");
}

/// With the lock.
void nats_feed::relieve(std::size_t index) {
  auto& s = sources_[index];
  log::info("this node no longer ingests a source",
            {{"source", s.config.subject}, {"stream", s.config.stream}});
  s.lease.lost(steady_clock::now());
  s.valid_until_ns.store(0, std::memory_order_release);
  s.state = duty::standby;
  s.under_way.clear();
  s.under_way_bytes = 0;
  s.unacked.clear();
  s.wanted = 0;
  if (listener_) listener_->on_relieved(index);
}

/// With the lock. Deliveries of a stream may be missing here.
void nats_feed::unsettle(source& s) {
  s.consumer_ready = false;
  s.next_delivery = 0;
  s.settled_by = steady_clock::now() + again_wait;
}

void nats_feed::ensure_consumer(source& s) {
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = durable_.c_str();
  config.DeliverPolicy = js_DeliverAll;
  config.AckPolicy = js_AckExplicit;
  config.AckWait = std::chrono::nanoseconds(ack_wait).count();
  config.MaxAckPending = static_cast<std::int64_t>(4 * max_unacked);
  jsErrCode code{};
  jsConsumerInfo* info = nullptr;
  auto status = js_AddConsumer(&info, js_.get(), s.config.stream.c_str(), &config, nullptr, &code);
  const std::unique_ptr<jsConsumerInfo, decltype(&jsConsumerInfo_Destroy)> owner(
      info, &jsConsumerInfo_Destroy);
  const auto failure = jetstream::failed("no consumer on stream '" + s.config.stream + "'", status);
  const std::lock_guard hold(mutex_);
  s.wanted = 0;
  const auto now = steady_clock::now();
  if (status != NATS_OK) {
    s.consumer_away = true;
    s.consumer_retry = now + consumer_retry;
    return complain(s, failure.message);
  }
  s.complaint.clear();
  // Who leads it now counts anew how long messages have waited.
  if (std::exchange(s.consumer_away, false)) s.settled_by = now + again_wait;
  const auto ours = static_cast<std::int64_t>(s.unacked.size() + acks_.size());
  if (info->NumAckPending > ours && now < s.settled_by) {
    s.consumer_retry = now + settle_look;
    return;
  }
  s.next_delivery = std::max(s.next_delivery, info->Delivered.Consumer + 1);
  s.consumer_ready = true;
}

void nats_feed::pull(std::size_t index) {
  auto& s = sources_[index];
  const auto now = steady_clock::now();
  {
    std::unique_lock hold(mutex_);
    if (s.state != duty::ingesting) return;
    if (!s.consumer_ready) {
      if (now < s.consumer_retry) return;
      hold.unlock();
      ensure_consumer(s);
      hold.lock();
      if (!s.consumer_ready) return;
    }
    if (s.lease.valid_until() < now + lease::validity - pulls_after_renewal) return;
    if (s.wanted != 0 && now < s.pull_over) return;
    if (s.unacked.size() + pull_batch > max_unacked) return;
    s.wanted = pull_batch;
    s.pull_over = now + pull_expires + milliseconds(100);
  }
  const auto expires = std::chrono::nanoseconds(pull_expires).count();
  session_->publish("$JS.API.CONSUMER.MSG.NEXT." + s.config.stream + '.' + durable_,
                    R"({"batch":)" + std::to_string(pull_batch) + R"(,"expires":)" +
                        std::to_string(expires) + '}',
                    pull_subject(index));
}

std::string nats_feed::pull_subject(std::size_t index) const {
  return inbox_ + std::to_string(index);
}

void nats_feed::acknowledge() {
  std::vector<std::string> acks;
  std::vector<std::string> words;
  std::shared_ptr<nats_session> session;
  {
    const std::lock_guard hold(mutex_);
    acks.swap(acks_);
    words.swap(words_);
    session = session_;
  }
  if (!session) return;
  for (const auto& each : words) session->publish(told_, each);
  for (const auto& subject : acks) session->publish(subject, "+ACK");
}

/// With the lock. Once per reason.
void nats_feed::complain(source& about, const std::string& reason) {
  if (about.complaint == reason) return;
  about.complaint = reason;
  log::warn(
      "a source of foreign messages is in trouble",
      {{"source", about.config.subject}, {"stream", about.config.stream}, {"reason", reason}});
}

// ---- the delivery thread ----

void nats_feed::on_session_lost(nats_session&) {
  const std::lock_guard hold(mutex_);
  news_ = true;
  changed_.notify_all();
}

void nats_feed::on_session_message(nats_session& from, const nats_message& message) {
  const std::lock_guard hold(mutex_);
  if (&from != session_.get() || !listener_) return;
  const auto subject = message.subject();
  if (subject.starts_with(lease_prefix_))
    return heard_lease(subject.substr(lease_prefix_.size()), message.data());
  if (subject.starts_with(handover_prefix_))
    return heard_handover(subject.substr(handover_prefix_.size()));
  if (subject == told_) return listener_->on_told(std::string(message.data()));
  if (const auto stream = stream_of(message.reply(), consumer_); !stream.empty()) {
    const auto place = jetstream::parse_delivery(message.reply());
    for (std::size_t i = 0; i < sources_.size(); ++i)
      if (place && sources_[i].config.stream == stream) return heard_stream(i, message, *place);
  }
  if (subject.starts_with(inbox_)) {
    // A pull ended. 404 and 408: nothing was there. Everything else: the consumer is not what it
    // was.
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (subject != pull_subject(i)) continue;
      const auto status = message.header("Status");
      sources_[i].wanted = 0;
      if (status != "404" && status != "408") sources_[i].consumer_ready = false;
      news_ = true;
      changed_.notify_all();
    }
    return;
  }
  // A wide pattern may cover what nodes say to each other.
  if (subject.starts_with('$') || subject.starts_with("_INBOX.") ||
      subject.starts_with(own_prefix_))
    return;
  for (std::size_t i = 0; i < sources_.size(); ++i)
    if (sources_[i].config.stream.empty() && sources_[i].pattern.matches(subject))
      return heard_core(i, {steady_clock::now(), std::string(subject), std::string(message.data()),
                            std::string(message.header("X-Event-Signature"))});
}

nats_feed::source* nats_feed::by_key(std::string_view key) {
  const auto found =
      std::find_if(sources_.begin(), sources_.end(), [&](const source& s) { return s.key == key; });
  return found == sources_.end() ? nullptr : &*found;
}

void nats_feed::heard_lease(std::string_view key, std::string_view value) {
  if (auto* const s = by_key(key)) s->lease.heard(holder_in(value), steady_clock::now());
}

void nats_feed::heard_handover(std::string_view key) {
  const bool freed = key.ends_with(freed_suffix);
  if (freed) key.remove_suffix(freed_suffix.size());
  auto* const s = by_key(key);
  if (!s) return;
  const auto now = steady_clock::now();
  if (!freed) {
    s->handed_over = now;
    if (s->state != duty::ingesting || !leaving_) return;
    s->state = duty::leaving;
  } else {
    s->lease.heard({}, now);
    // A holder that left without its mark.
    if (now - s->handed_over > 2 * leave_patience) s->handed_over = now;
  }
  news_ = true;
  changed_.notify_all();
}

void nats_feed::heard_core(std::size_t index, standby_buffer::message message) {
  auto& s = sources_[index];
  if (s.state != duty::ingesting) return s.buffer.push(std::move(message));
  dispatch(index, std::move(message));
}

void nats_feed::dispatch(std::size_t index, standby_buffer::message message) {
  auto& s = sources_[index];
  const auto bytes = message.subject.size() + message.body.size() + message.signature.size();
  if (s.under_way.size() >= max_under_way || s.under_way_bytes + bytes > max_under_way_bytes)
    return count_lost(s, 1, "they come faster than they can be stored");
  const auto number = ++s.last_number;
  s.under_way.emplace_hint(s.under_way.end(), number, bytes);
  s.under_way_bytes += bytes;
  if (listener_)
    listener_->on_foreign({index, number, std::move(message.subject), std::move(message.body),
                           std::move(message.signature)});
}

void nats_feed::heard_stream(std::size_t index, const nats_message& message,
                             const jetstream::delivery& at) {
  auto& s = sources_[index];
  const auto sequence = at.seq;
  if (s.wanted > 0 && --s.wanted == 0) {
    news_ = true;
    changed_.notify_all();
  }
  if (s.state != duty::ingesting) return;  // comes again to who ingests it then
  // After a hole this one is too early: it comes again as well, behind what is missing.
  if (s.next_delivery != at.number) return unsettle(s);
  ++s.next_delivery;
  // One that comes again while it is under way is acknowledged once, at the later place.
  const auto [place, fresh] = s.unacked.insert_or_assign(sequence, std::string(message.reply()));
  if (!fresh) return;
  if (!s.pattern.matches(message.subject())) {
    acks_.push_back(std::move(place->second));
    s.unacked.erase(place);
    news_ = true;
    changed_.notify_all();
    return;
  }
  listener_->on_foreign({index, sequence, std::string(message.subject()),
                         std::string(message.data()),
                         std::string(message.header("X-Event-Signature"))});
}

void nats_feed::count_lost(source& of, std::uint64_t count, const char* reason) {
  if (count == 0) return;
  of.lost += count;
  const auto now = steady_clock::now();
  if (now - of.lost_logged < loss_log_interval) return;
  of.lost_logged = now;
  log::warn("foreign messages were lost",
            {{"source", of.config.subject}, {"so far", of.lost}, {"reason", reason}});
}

std::shared_ptr<foreign_feed> make_nats_feed(const node_id& self, const nats_options& options) {
  return std::make_shared<nats_feed>(self, options);
}

}  // namespace starling::cluster
