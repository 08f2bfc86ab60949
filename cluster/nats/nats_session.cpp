#include "cluster/nats/nats_session.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "cluster/foreign_messages.hpp"
#include "cluster/nats/jetstream_api.hpp"
#include "net/base/fault.hpp"
#include "net/base/ids.hpp"
#include "net/base/log.hpp"
#include "net/base/thread_name.hpp"

namespace starling::cluster {

namespace {

constexpr std::int64_t connect_timeout_ms = 2000;
/// A server that hangs is noticed after about three of these.
constexpr std::int64_t ping_interval_ms = 2000;
constexpr int max_pings_out = 2;
constexpr std::int64_t write_deadline_ms = 5000;
/// Messages that may wait for our delivery thread, per subscription (and 1 KiB times that in
/// bytes). More means that this node is stuck; cnats drops silently beyond, so the session ends.
constexpr int max_pending_messages = 1 << 20;

struct options_deleter {
  void operator()(natsOptions* options) const noexcept { natsOptions_Destroy(options); }
};
struct message_deleter {
  void operator()(natsMsg* message) const noexcept { natsMsg_Destroy(message); }
};
using message_ptr = std::unique_ptr<natsMsg, message_deleter>;

struct connection_deleter {
  void operator()(natsConnection* connection) const noexcept { natsConnection_Destroy(connection); }
};

/// What a session leaves to be destroyed. Closing a connection that another thread is closing
/// already returns at once, while its read loop may still be at work: only when cnats has called us
/// for the last time (on_closed) nobody uses the subscriptions any more.
struct remains {
  std::unique_ptr<natsConnection, connection_deleter> connection;
  std::unique_ptr<retired_subscriptions> subscriptions;
};

struct registry {
  struct entry {
    std::weak_ptr<nats_session> session;
    bool closed = false;  ///< on_closed has been called
    remains left;
  };

  std::mutex mutex;
  std::uintptr_t last_id = 0;
  std::unordered_map<std::uintptr_t, entry> sessions;
};
registry& all_sessions() {
  // Never destroyed: threads of cnats may look in while the process exits.
  static auto* const sessions = new registry;
  return *sessions;
}

/// The session is gone.
void bury(std::uintptr_t id, remains left) {
  auto& all = all_sessions();
  const std::lock_guard hold(all.mutex);
  const auto at = all.sessions.find(id);
  if (left.connection && !at->second.closed)
    at->second.left = std::move(left);
  else
    all.sessions.erase(at);
}

/// Its connection has been closed. What is to be destroyed: nothing while the session lives.
remains note_closed(std::uintptr_t id) {
  auto& all = all_sessions();
  const std::lock_guard hold(all.mutex);
  const auto at = all.sessions.find(id);
  if (at == all.sessions.end()) return {};
  at->second.closed = true;
  auto left = std::move(at->second.left);
  if (left.connection) all.sessions.erase(at);
  return left;
}

void* closure_of(std::uintptr_t id) noexcept {
  return reinterpret_cast<void*>(id);  // NOLINT: a number in a pointer's clothes
}

error unavailable(std::string_view doing, natsStatus status) {
  return {errc::unavailable, std::string(doing).append(": ").append(natsStatus_GetText(status))};
}

/// Behind ": " what cnats says about the last failure on this thread, if it says anything.
std::string last_words() {
  const char* const words = nats_GetLastError(nullptr);
  return words && *words ? std::string(": ").append(words) : std::string();
}

error not_connected(natsStatus status) {
  switch (status) {
    case NATS_CONNECTION_AUTH_FAILED:
    case NATS_NOT_PERMITTED:
      return {errc::unavailable,
              "NATS refuses this node's credentials (nats.user and nats.password, "
              "nats.creds_file, nats.tls_cert or those in nats.url)" +
                  last_words()};
    case NATS_SSL_ERROR:
    case NATS_SECURE_CONNECTION_REQUIRED:
    case NATS_SECURE_CONNECTION_WANTED:
      return {errc::unavailable,
              "there is no TLS with NATS as configured (nats.tls_ca, "
              "nats.tls_cert, nats.tls_key)" +
                  last_words()};
    default: return unavailable("NATS cannot be reached", status);
  }
}

/// TLS and credentials. Error: a file cannot be used.
result<void> secure(natsOptions* options, const session_options& how) {
  const auto& with = how.security;
  const auto unusable = [](std::string key, const std::string& file) {
    return error{
        errc::unavailable,
        std::move(key).append(" \"").append(file).append("\" cannot be used") + last_words()};
  };
  const bool asks_for_tls = std::ranges::any_of(
      how.servers, [](const std::string& url) { return url.starts_with("tls://"); });
  if (asks_for_tls || !with.tls_ca.empty() || !with.tls_cert.empty())
    if (const auto status = natsOptions_SetSecure(options, true); status != NATS_OK)
      return unavailable("TLS cannot be used", status);
  if (!with.tls_ca.empty() &&
      natsOptions_LoadCATrustedCertificates(options, with.tls_ca.c_str()) != NATS_OK)
    return unusable("nats.tls_ca", with.tls_ca);
  if (!with.tls_cert.empty() && natsOptions_LoadCertificatesChain(options, with.tls_cert.c_str(),
                                                                  with.tls_key.c_str()) != NATS_OK)
    return unusable("nats.tls_cert", with.tls_cert);
  if (!with.user.empty() &&
      natsOptions_SetUserInfo(options, with.user.c_str(), with.password.c_str()) != NATS_OK)
    return error{errc::unavailable, "nats.user and nats.password cannot be used"};
  if (!with.creds_file.empty() &&
      natsOptions_SetUserCredentialsFromFiles(options, with.creds_file.c_str(), nullptr) != NATS_OK)
    return unusable("nats.creds_file", with.creds_file);
  return {};
}

/// All that cnats calls runs in here, because no exception may cross its C frames: `on_fault` hears
/// the cause of what `work` throws.
template <class Work, class OnFault>
void shielded(Work work, OnFault on_fault) noexcept {
  try {
    work();
  } catch (...) {
    on_fault(cause_of(std::current_exception()));
  }
}

/// For what tells us that a session is of no use: without it we would listen to nothing for ever.
template <class Work>
void shielded_or_end(std::string_view callback, Work work) noexcept {
  shielded(std::move(work), [callback](const std::string& cause) {
    end_process("it cannot go on after a fault in a callback of NATS",
                {{"callback", callback}, {"thread", this_thread_name()}, {"cause", cause}});
  });
}

}  // namespace

nats_session::nats_session(std::weak_ptr<owner> owner)
    : owner_(std::move(owner)), retired_(std::make_unique<retired_subscriptions>()) {}

result<std::shared_ptr<nats_session>> nats_session::open(const session_options& how,
                                                         std::weak_ptr<owner> owner) {
  std::shared_ptr<nats_session> session(new nats_session(std::move(owner)));
  {
    auto& all = all_sessions();
    const std::lock_guard hold(all.mutex);
    session->id_ = ++all.last_id;
    all.sessions[session->id_].session = session;
  }
  void* const closure = closure_of(session->id_);

  std::vector<const char*> urls;
  urls.reserve(how.servers.size());
  for (const auto& url : how.servers) urls.push_back(url.c_str());

  natsOptions* raw = nullptr;
  natsStatus status = natsOptions_Create(&raw);
  const std::unique_ptr<natsOptions, options_deleter> options(raw);
  const auto set = [&status](natsStatus next) {
    if (status == NATS_OK) status = next;
  };
  // One delivery thread for all subscriptions is what keeps messages in the server's order.
  set(nats_SetMessageDeliveryPoolSize(1));
  set(natsOptions_UseGlobalMessageDelivery(raw, true));
  set(natsOptions_SetServers(raw, urls.data(), static_cast<int>(urls.size())));
  set(natsOptions_SetName(raw, how.name.c_str()));
  set(natsOptions_SetAllowReconnect(raw, false));
  set(natsOptions_SetTimeout(raw, connect_timeout_ms));
  set(natsOptions_SetPingInterval(raw, ping_interval_ms));
  set(natsOptions_SetMaxPingsOut(raw, max_pings_out));
  set(natsOptions_SetSendAsap(raw, true));
  set(natsOptions_SetWriteDeadline(raw, write_deadline_ms));
  set(natsOptions_SetMaxPendingMsgs(raw, max_pending_messages));
  set(natsOptions_SetCustomInboxPrefix(raw, how.inbox.c_str()));
  set(natsOptions_SetClosedCB(raw, on_closed, closure));
  set(natsOptions_SetErrorHandler(raw, on_error, closure));
  if (status != NATS_OK) return unavailable("the NATS connection cannot be configured", status);
  if (const auto secured = secure(raw, how); !secured.ok()) return secured.error();

  status = natsConnection_Connect(&session->connection_, raw);
  if (status != NATS_OK) return not_connected(status);
  session->max_payload_ = natsConnection_GetMaxPayload(session->connection_);
  std::array<char, 128> server{};
  if (natsConnection_GetConnectedServerId(session->connection_, server.data(), server.size()) ==
      NATS_OK)
    session->server_ = server.data();

  session->inbox_ = how.inbox + "." + make_event_id() + ".";
  session->marks_ = session->inbox_ + "m";
  if (!session->subscribe(session->inbox_ + "*"))
    return error{errc::unavailable, "the NATS connection was lost at once"};
  return session;
}

nats_session::~nats_session() {
  close();
  for (const auto& [subject, subscription] : subscriptions_) retired_->add(subscription);
  bury(id_,
       {std::unique_ptr<natsConnection, connection_deleter>(connection_), std::move(retired_)});
}

std::shared_ptr<nats_session> nats_session::find(void* closure) {
  auto& all = all_sessions();
  const std::lock_guard hold(all.mutex);
  const auto at = all.sessions.find(reinterpret_cast<std::uintptr_t>(closure));
  return at == all.sessions.end() ? nullptr : at->second.session.lock();
}

void nats_session::on_message(natsConnection*, natsSubscription*, natsMsg* raw, void* closure) {
  const message_ptr owned(raw);
  if (!owned) return;
  const nats_message message(raw);
  shielded(
      [&] {
        if (const auto session = find(closure)) session->take(message);
      },
      [&](const std::string& cause) {
        refuse(refusal::fault, message.subject(), message.data().size(), cause);
      });
}

void nats_session::take(const nats_message& message) {
  if (handle_mark(message)) return;
  // What still waits for us may have holes before it: the next session's catch-up reads it all.
  if (lost()) return;
  if (const auto owner = owner_.lock()) owner->on_session_message(*this, message);
}

void nats_session::on_closed(natsConnection* connection, void* closure) {
  shielded_or_end("closed", [=] {
    const auto session = find(closure);
    const auto left = note_closed(reinterpret_cast<std::uintptr_t>(closure));
    if (!session) return;
    const char* text = nullptr;
    natsConnection_GetLastError(connection, &text);
    session->lose(std::string("the connection to NATS was lost")
                      .append(text && *text ? std::string(": ").append(text) : std::string()));
  });
}

void nats_session::on_error(natsConnection*, natsSubscription*, natsStatus status, void* closure) {
  shielded_or_end("error", [=] {
    if (const auto session = find(closure)) session->note_error(status);
  });
}

void nats_session::note_error(natsStatus status) {
  // The subscription may be gone: cnats reports later, on a thread of its own, and does not keep
  // it.
  const auto words = std::string(natsStatus_GetText(status)).append(last_words());
  log::warn("NATS reports an error", {{"status", words}});
  if (status == NATS_SLOW_CONSUMER)
    lose("messages were dropped because this node was too slow to take them");
  else if (status == NATS_MISSED_HEARTBEAT || status == NATS_MISMATCH)
    watch_faults_.fetch_add(1);
  else if (status == NATS_NOT_PERMITTED && words.find("Subscription") != words.npos)
    lose("NATS does not let this node hear what it must: " + words);
}

bool nats_session::subscribe(const std::string& subject) {
  const std::lock_guard hold(mutex_);
  if (subscriptions_.contains(subject)) return true;
  natsSubscription* subscription = nullptr;
  if (natsConnection_Subscribe(&subscription, connection_, subject.c_str(), on_message,
                               closure_of(id_)) != NATS_OK)
    return false;
  subscriptions_.emplace(subject, subscription);
  return true;
}

void nats_session::unsubscribe(const std::string& subject) {
  const std::lock_guard hold(mutex_);
  const auto at = subscriptions_.find(subject);
  if (at == subscriptions_.end()) return;
  retire(at->second);
  subscriptions_.erase(at);
}

bool nats_session::drain(const std::string& subject, std::chrono::milliseconds timeout) {
  natsSubscription* subscription = nullptr;
  {
    const std::lock_guard hold(mutex_);
    const auto at = subscriptions_.find(subject);
    if (at == subscriptions_.end()) return true;
    subscription = at->second;  // destroyed with the session
  }
  return natsSubscription_DrainTimeout(subscription, timeout.count()) == NATS_OK &&
         natsSubscription_WaitForDrainCompletion(subscription, timeout.count()) == NATS_OK;
}

void nats_session::retire(natsSubscription* subscription) {
  natsSubscription_Unsubscribe(subscription);
  // A mark that cannot be sent means that the connection is going, and all that lives on it.
  if (const auto number = retired_->add(subscription)) publish(marks_, std::to_string(*number));
}

bool nats_session::handle_mark(const nats_message& message) {
  if (message.subject() != marks_) return false;
  const auto text = message.data();
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  retired_->echoed(number);
  return true;
}

bool nats_session::publish(const std::string& subject, std::string_view payload,
                           const std::string& reply, const std::string& message_id) {
  return send(subject, payload, reply, "Nats-Msg-Id", message_id);
}

/// An empty `value`: without the header.
bool nats_session::send(const std::string& subject, std::string_view payload,
                        const std::string& reply, const char* header, const std::string& value) {
  natsMsg* raw = nullptr;
  const auto made = natsMsg_Create(&raw, subject.c_str(), reply.empty() ? nullptr : reply.c_str(),
                                   payload.data(), static_cast<int>(payload.size()));
  const message_ptr message(raw);
  if (made != NATS_OK) return false;
  if (!value.empty() && natsMsgHeader_Set(raw, header, value.c_str()) != NATS_OK) return false;
  return natsConnection_PublishMsg(connection_, raw) == NATS_OK;
}

void nats_session::request(const std::string& subject, std::string_view payload,
                           const std::string& message_id, steady_time deadline,
                           answer_handler handler, std::string consumer) {
  const auto token = requests_.add(std::move(handler), deadline, std::move(consumer));
  if (token == 0) return;
  if (!publish(subject, payload, answer_subject(token), message_id))
    requests_.end(token, answer_state::disconnected);
}

void nats_session::erase_key(const std::string& subject, steady_time deadline,
                             answer_handler handler) {
  const auto token = requests_.add(std::move(handler), deadline);
  if (token == 0) return;
  if (!send(subject, {}, answer_subject(token), "KV-Operation", "DEL"))
    requests_.end(token, answer_state::disconnected);
}

void nats_session::echo(steady_time deadline, answer_handler handler) {
  const auto token = requests_.add(std::move(handler), deadline);
  if (token == 0) return;
  if (!publish(answer_subject(token), {})) requests_.end(token, answer_state::disconnected);
}

std::string nats_session::answer_subject(std::uint64_t token) const {
  return inbox_ + std::to_string(token);
}

bool nats_session::handle_answer(const nats_message& message) {
  auto subject = message.subject();
  if (const auto place = jetstream::parse_delivery(message.reply())) {
    requests_.answer(requests_.waiting_for(place->consumer), message);
    return true;
  }
  if (!subject.starts_with(inbox_)) return false;
  subject.remove_prefix(inbox_.size());
  std::uint64_t token = 0;
  std::from_chars(subject.data(), subject.data() + subject.size(), token);
  requests_.answer(token, message);
  return true;
}

void nats_session::lose(std::string reason) {
  {
    const std::lock_guard hold(mutex_);
    if (lost_.load()) return;
    loss_reason_ = std::move(reason);
    lost_.store(true, std::memory_order_release);
  }
  if (const auto owner = owner_.lock()) owner->on_session_lost(*this);
}

std::string nats_session::loss_reason() const {
  const std::lock_guard hold(mutex_);
  return loss_reason_;
}

void nats_session::close() {
  if (connection_) natsConnection_Close(connection_);
  requests_.close();
}

void nats_session::flush(std::chrono::milliseconds timeout) {
  natsConnection_FlushTimeout(connection_, timeout.count());
}

std::vector<std::string> nats_session::known_servers() const {
  char** servers = nullptr;
  int count = 0;
  std::vector<std::string> out;
  if (natsConnection_GetServers(connection_, &servers, &count) != NATS_OK) return out;
  for (int i = 0; i < count; ++i) {
    out.emplace_back(servers[i]);
    free(servers[i]);  // NOLINT: malloc'ed by cnats, which says so
  }
  free(servers);  // NOLINT
  return out;
}

}  // namespace starling::cluster
