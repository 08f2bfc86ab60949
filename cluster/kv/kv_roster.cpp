#include "cluster/kv/kv_roster.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "cluster/foreign_messages.hpp"
#include "cluster/jetstream/jetstream_admin.hpp"
#include "cluster/jetstream/jetstream_setup.hpp"
#include "cluster/kv/roster_codec.hpp"
#include "cluster/nats/jetstream_api.hpp"
#include "net/base/log.hpp"
#include "net/base/thread_name.hpp"

namespace starling::cluster {

namespace {

/// How soon a waiting thread notices that it should stop.
constexpr std::chrono::milliseconds stop_latency{100};
/// How long the next entry of a snapshot may take.
constexpr std::chrono::seconds snapshot_patience{5};
constexpr std::size_t max_waiting_writes = 16384;
/// For what was written together to be acknowledged; 4,096 take some 0.2 s.
constexpr std::chrono::seconds bulk_timeout{10};
/// Memberships that are handed on together: a few ms of work for who takes them.
constexpr std::size_t part_size = 4096;
/// One key takes little, and the room's name is at most some hundred bytes.
constexpr std::size_t max_key_bytes = 1024;

error unavailable(std::string_view doing, natsStatus status) {
  return {errc::unavailable, std::string("the roster cannot be ")
                                 .append(doing)
                                 .append(": ")
                                 .append(natsStatus_GetText(status))};
}

/// The bucket on one session.
struct bucket_handle {
  jetstream::context_ptr js;
  jetstream::bucket_ptr store;
  natsStatus status = NATS_OK;

  bucket_handle(const nats_session& session, const std::string& bucket) {
    status = jetstream::open_context(session, js);
    if (status != NATS_OK) return;
    kvStore* raw = nullptr;
    status = js_KeyValue(&raw, js.get(), bucket.c_str());
    store.reset(raw);
  }
};

/// What an entry of the bucket says; of an erased one the value says nothing.
std::optional<roster_entry> membership_of(const std::string& bucket, const kv_watch::entry& entry) {
  auto member = parse_roster_entry(entry.key, entry.erased ? "0 0" : entry.value);
  if (!member) refuse(refusal::malformed, "$KV." + bucket + '.' + entry.key, entry.value.size());
  return member;
}

std::size_t longest_key(const roster_entry& entry, const std::vector<roster_change>& changes) {
  auto out = roster_key(entry).size();
  for (const auto& each : changes) out = std::max(out, roster_key(each.entry).size());
  return out;
}

result<roster_entry> put_now(kvStore* store, const roster_entry& entry) {
  const auto key = roster_key(entry);
  const auto value = roster_value(entry);
  // Twice: the key may be deleted between "it exists" and our look at it.
  auto status = NATS_OK;
  for (int attempt = 0; attempt < 2; ++attempt) {
    status = kvStore_CreateString(nullptr, store, key.c_str(), value.c_str());
    if (status == NATS_OK) return entry;
    kvEntry* raw = nullptr;
    const auto found = kvStore_Get(&raw, store, key.c_str());
    const jetstream::entry_ptr present(raw);
    if (found == NATS_OK) {
      if (auto known = parse_roster_entry(key, jetstream::value_of(present)))
        return std::move(*known);
      return error{errc::internal, "the roster holds an unreadable membership"};
    }
    if (found != NATS_NOT_FOUND) return unavailable("read", found);
  }
  return unavailable("written", status);
}

result<bool> erase_now(kvStore* store, const roster_entry& entry) {
  const auto key = roster_key(entry);
  kvEntry* raw = nullptr;
  const auto found = kvStore_Get(&raw, store, key.c_str());
  const jetstream::entry_ptr present(raw);
  if (found == NATS_NOT_FOUND) return false;
  if (found != NATS_OK) return unavailable("read", found);
  const auto status = kvStore_Delete(store, key.c_str());
  if (status != NATS_OK) return unavailable("written", status);
  return true;
}

}  // namespace

kv_roster::kv_roster(std::shared_ptr<nats_connection> connection)
    : connection_(std::move(connection)), bucket_(roster_bucket(connection_->options())) {}

kv_roster::~kv_roster() { stop(); }

void kv_roster::start(roster_listener& listener) {
  listener_ = &listener;
  {
    const std::lock_guard hold(mutex_);
    running_ = true;
  }
  watch_ = std::thread([this] { run_watch(); });
  write_ = std::thread([this] { run_write(); });
}

void kv_roster::stop() {
  {
    const std::lock_guard hold(mutex_);
    running_ = false;
  }
  changed_.notify_all();
  if (watch_.joinable()) watch_.join();
  if (write_.joinable()) write_.join();
}

bool kv_roster::stopping() const {
  const std::lock_guard hold(mutex_);
  return !running_;
}

// ---- watch ----

void kv_roster::run_watch() {
  name_this_thread("roster-watch");
  while (!stopping()) {
    const auto session = connection_->wait_for_session(nullptr, stop_latency);
    if (!session || session->lost()) {
      std::unique_lock hold(mutex_);
      changed_.wait_for(hold, stop_latency, [this] { return !running_; });
      continue;
    }
    watch(*session);
  }
  nats_ReleaseThreadMemory();
}

void kv_roster::watch(nats_session& session) {
  const auto faults = session.watch_faults();
  kv_watch changes(session, bucket_);
  if (!deliver_snapshot(changes, session)) {
    if (!session.lost() && !stopping()) {
      log::warn("the roster cannot be watched; trying again",
                {{"status", natsStatus_GetText(changes.status())}});
      connection_->verify_store();
    }
    std::unique_lock hold(mutex_);
    changed_.wait_for(hold, stop_latency, [this] { return !running_; });
    return;
  }
  while (!stopping() && !session.lost() && session.watch_faults() == faults) {
    if (auto change = changes.next(stop_latency))
      deliver_change(*change);
    else if (changes.status() != NATS_TIMEOUT)
      break;
  }
}

bool kv_roster::deliver_snapshot(kv_watch& changes, const nats_session& session) {
  auto patience = steady_clock::now() + snapshot_patience;
  roster_part part;
  part.first = true;
  while (!changes.complete()) {
    if (changes.status() != NATS_OK && changes.status() != NATS_TIMEOUT) return false;
    const auto entry = changes.next(stop_latency);
    if (stopping() || session.lost()) return false;
    if (!entry && (changes.status() != NATS_TIMEOUT || steady_clock::now() > patience))
      return false;
    if (!entry) continue;
    patience = steady_clock::now() + snapshot_patience;
    if (entry->erased) continue;
    if (auto member = membership_of(bucket_, *entry)) part.entries.push_back(std::move(*member));
    if (part.entries.size() < part_size) continue;
    listener_->on_roster(std::exchange(part, {}));
  }
  part.last = true;
  listener_->on_roster(std::move(part));
  return true;
}

void kv_roster::deliver_change(const kv_watch::entry& change) {
  auto member = membership_of(bucket_, change);
  if (member && change.erased)
    listener_->on_member_removed(std::move(*member));
  else if (member)
    listener_->on_member_added(std::move(*member));
}

// ---- write ----

void kv_roster::put(roster_entry entry, completion<roster_entry> done) {
  enqueue({std::move(entry), std::move(done), nullptr});
}

void kv_roster::erase(tenant_id tenant, std::string room, std::string user, completion<bool> done) {
  roster_entry entry{std::move(tenant), std::move(room), std::move(user)};
  enqueue({std::move(entry), nullptr, std::move(done)});
}

void kv_roster::apply(std::vector<roster_change> changes, completion<void> done) {
  enqueue({{}, nullptr, nullptr, std::move(changes), std::move(done)});
}

void kv_roster::write::refuse(error why) const {
  if (put_done)
    put_done(std::move(why));
  else if (erase_done)
    erase_done(std::move(why));
  else
    changes_done(std::move(why));
}

void kv_roster::enqueue(write todo) {
  error refused = engine_away();
  if (longest_key(todo.entry, todo.changes) > max_key_bytes) {
    refused = {errc::too_large, "the names of tenant, user and room are too long together"};
  } else if (connection_->up()) {
    const std::lock_guard hold(mutex_);
    if (running_ && writes_.size() < max_waiting_writes) {
      writes_.push_back(std::move(todo));
      changed_.notify_all();
      return;
    }
    if (running_) refused = {errc::rate_limited, "too many changes of the roster under way"};
  }
  todo.refuse(std::move(refused));
}

namespace {

/// What became of changes that were written together.
class shared_outcome {
 public:
  shared_outcome(std::size_t count, std::shared_ptr<nats_connection> connection,
                 completion<void> done)
      : left_(count), connection_(std::move(connection)), done_(std::move(done)) {}

  void add(const nats_answer& answer) {
    auto failure = failure_of(answer);
    const std::lock_guard hold(mutex_);
    if (failure && !failure_) failure_ = std::move(failure);
    if (--left_ > 0) return;
    if (failure_) connection_->verify_store();
    done_(failure_ ? result<void>(*failure_) : result<void>());
  }

 private:
  static std::optional<error> failure_of(const nats_answer& answer) {
    switch (answer.state) {
      case answer_state::disconnected: return engine_away();
      case answer_state::timed_out:
        return error{errc::unavailable, "the store did not acknowledge a membership in time"};
      case answer_state::no_responders:
        return error{errc::unavailable, "the roster's bucket is not there"};
      case answer_state::answered: break;
    }
    const auto ack = jetstream::parse_ack(answer.message->data());
    if (ack) return std::nullopt;
    return error{errc::unavailable, "the store refused a membership: " + ack.error.description};
  }

  std::mutex mutex_;
  std::size_t left_;
  std::optional<error> failure_;
  const std::shared_ptr<nats_connection> connection_;
  const completion<void> done_;
};

}  // namespace

void kv_roster::apply_now(nats_session& session, write& todo) {
  if (todo.changes.empty()) return todo.changes_done({});
  const auto outcome = std::make_shared<shared_outcome>(todo.changes.size(), connection_,
                                                        std::move(todo.changes_done));
  const auto answered = [outcome](const nats_answer& answer) {
    outcome->add(answer);
    return false;
  };
  const auto deadline = steady_clock::now() + bulk_timeout;
  const auto prefix = "$KV." + bucket_ + '.';
  for (const auto& [entry, member] : todo.changes) {
    const auto subject = prefix + roster_key(entry);
    if (member)
      session.request(subject, roster_value(entry), {}, deadline, answered);
    else
      session.erase_key(subject, deadline, answered);
  }
}

void kv_roster::run_write() {
  name_this_thread("roster-write");
  std::shared_ptr<nats_session> session;
  std::unique_ptr<bucket_handle> bucket;
  for (;;) {
    std::deque<write> batch;
    {
      std::unique_lock hold(mutex_);
      changed_.wait(hold, [this] { return !running_ || !writes_.empty(); });
      if (writes_.empty()) break;
      batch.swap(writes_);
    }
    for (auto& todo : batch) {
      if (!session || session->lost() || !bucket || bucket->status != NATS_OK) {
        bucket.reset();
        session = connection_->wait_for_session(nullptr, std::chrono::milliseconds(0));
        if (session) bucket = std::make_unique<bucket_handle>(*session, bucket_);
      }
      kvStore* const store = bucket && bucket->status == NATS_OK ? bucket->store.get() : nullptr;
      const auto& entry = todo.entry;
      if (!store)
        todo.refuse(engine_away());
      else if (todo.put_done)
        answer(todo.put_done, put_now(store, entry));
      else if (todo.erase_done)
        answer(todo.erase_done, erase_now(store, entry));
      else
        apply_now(*session, todo);
    }
  }
  bucket.reset();
  nats_ReleaseThreadMemory();
}

template <class T>
void kv_roster::answer(const completion<T>& done, result<T> outcome) {
  // The bucket may be gone: somebody should look.
  if (!outcome.ok() && outcome.error().code == errc::unavailable) connection_->verify_store();
  done(std::move(outcome));
}

}  // namespace starling::cluster
