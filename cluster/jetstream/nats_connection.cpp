#include "cluster/jetstream/nats_connection.hpp"

#include <algorithm>
#include <utility>

#include "cluster/envelope.hpp"
#include "cluster/foreign_messages.hpp"
#include "cluster/jetstream/jetstream_setup.hpp"
#include "cluster/nats/server_list.hpp"
#include "net/base/jitter.hpp"
#include "net/base/log.hpp"
#include "net/base/planned_faults.hpp"
#include "net/base/thread_name.hpp"

namespace starling::cluster {

namespace {

using std::chrono::milliseconds;

constexpr milliseconds reconnect_wait{150};
constexpr milliseconds echo_timeout{5000};
/// From the hint that the store is gone to the look at it, plus up to as much again at random.
/// nats-server 2.9 announces a deletion before its files are gone: a stream of the same name that
/// is created at once can lose them. The chance part keeps the nodes from creating it in a pack.
constexpr milliseconds verify_delay{250};
/// How late a request may be seen to have timed out.
constexpr milliseconds expiry_step{20};
/// Orders that may wait for the socket; more means that the server does not keep up.
constexpr std::size_t max_waiting_orders = 65536;
constexpr milliseconds goodbye_flush{500};

std::string bytes_of(outgoing& message) {
  if (const auto* const item = std::get_if<event>(&message)) return encode(*item);
  return std::get<std::string>(std::move(message));
}

/// `user:password@` of a URL, or nothing.
std::string credentials_of(const std::string& url) {
  const auto scheme = url.find("://");
  const auto start = scheme == url.npos ? 0 : scheme + 3;
  const auto at = url.rfind('@');
  return at == url.npos || at < start ? std::string() : url.substr(start, at + 1 - start);
}

std::string host_of(const std::string& url) {
  const auto at = url.rfind('@');
  const auto scheme = url.find("://");
  if (at != url.npos) return url.substr(at + 1);
  return scheme == url.npos ? url : url.substr(scheme + 3);
}

std::string with_credentials(std::string url, const std::string& credentials) {
  const auto scheme = url.find("://");
  if (scheme != url.npos) url.insert(scheme + 3, credentials);
  return url;
}

}  // namespace

nats_connection::nats_connection(const node_id& self, const nats_options& options)
    : self_(self),
      options_(options),
      names_(options.stream, options.partitions),
      configured_servers_(split_servers(options.url)),
      epochs_(options.partitions) {}

nats_connection::~nats_connection() { stop(); }

void nats_connection::start(nats_receiver& receiver) {
  {
    const std::lock_guard hold(events_mutex_);
    receiver_ = &receiver;
  }
  work_.start();
  out_ = std::thread([this] { run_out(); });
  link_ = std::thread([this] { run_link(); });
}

void nats_connection::stop() {
  {
    const std::lock_guard hold(events_mutex_);
    receiver_ = nullptr;
  }
  {
    const std::lock_guard hold(out_mutex_);
    stop_out_ = true;
  }
  out_changed_.notify_all();
  if (out_.joinable()) out_.join();
  {
    const std::lock_guard hold(link_mutex_);
    stop_link_ = true;
  }
  link_changed_.notify_all();
  if (link_.joinable()) link_.join();
  work_.stop();  // all requests have ended
}

void nats_connection::follow(const channel& channel) {
  order todo(order::verb::follow);
  todo.channel = channel;
  enqueue(todo, false);
}

void nats_connection::unfollow(const channel& channel) {
  order todo(order::verb::unfollow);
  todo.channel = channel;
  enqueue(todo, false);
}

bool nats_connection::publish(std::string subject, outgoing payload) {
  if (!up()) return false;
  order todo(order::verb::publish);
  todo.subject = std::move(subject);
  todo.payload = std::move(payload);
  return enqueue(todo, true);
}

void nats_connection::request(std::string subject, outgoing payload, std::string message_id,
                              milliseconds timeout, answer_handler handler, std::string consumer) {
  order todo(order::verb::request);
  todo.subject = std::move(subject);
  todo.payload = std::move(payload);
  todo.message_id = std::move(message_id);
  todo.consumer = std::move(consumer);
  todo.deadline = steady_clock::now() + timeout;
  todo.handler = std::move(handler);
  if (!up() || !enqueue(todo, true)) todo.handler({answer_state::disconnected});
}

bool nats_connection::enqueue(order& todo, bool bounded) {
  {
    const std::lock_guard hold(out_mutex_);
    if (stop_out_ || (bounded && orders_.size() >= max_waiting_orders)) return false;
    orders_.push_back(std::move(todo));
  }
  out_changed_.notify_one();
  return true;
}

void nats_connection::verify_store() {
  {
    const std::lock_guard hold(link_mutex_);
    verify_wanted_ = true;
  }
  link_changed_.notify_all();
}

void nats_connection::restart(std::string reason) {
  std::shared_ptr<nats_session> session;
  {
    const std::lock_guard hold(link_mutex_);
    session = raised_;
  }
  if (session) session->lose(std::move(reason));
}

std::shared_ptr<nats_session> nats_connection::wait_for_session(const nats_session* known,
                                                                milliseconds timeout) {
  std::unique_lock hold(link_mutex_);
  const auto fresh = [&] { return raised_ && raised_.get() != known; };
  link_changed_.wait_for(hold, timeout, [&] { return stop_link_ || fresh(); });
  return fresh() ? raised_ : nullptr;
}

std::string nats_connection::complaint() const {
  const std::lock_guard hold(link_mutex_);
  return last_complaint_;
}

void nats_connection::on_session_message(nats_session& from, const nats_message& message) {
  const std::lock_guard hold(events_mutex_);
  if (&from != current_.get()) return;
  try {  // no fault may reach cnats, whose thread this is
    if (from.handle_answer(message)) return;
    if (receiver_ && up()) receiver_->on_message(message);
  } catch (const std::exception& fault) {
    refuse(refusal::fault, message.subject(), message.data().size(), fault.what());
  }
}

void nats_connection::on_session_lost(nats_session&) {
  // Taking the lock, so that the link thread is either before its check or waiting.
  { const std::lock_guard hold(link_mutex_); }
  link_changed_.notify_all();
}

// ---- nats-link ----

void nats_connection::run_link() {
  name_this_thread("nats-link");
  while (!stopping()) {
    if (const auto session = open()) {
      if (prepare(*session)) {
        {
          const std::lock_guard hold(events_mutex_);
          current_ = session;
        }
        order todo(order::verb::begin);
        todo.session = session;
        enqueue(todo, false);
        watch_over(*session);
      }
      finish(session);
    }
    std::unique_lock hold(link_mutex_);
    link_changed_.wait_for(hold, once_to_twice(reconnect_wait), [this] { return stop_link_; });
  }
  nats_ReleaseThreadMemory();
}

bool nats_connection::stopping() const {
  const std::lock_guard hold(link_mutex_);
  return stop_link_;
}

std::shared_ptr<nats_session> nats_connection::open() {
  auto servers = configured_servers_;
  {
    const std::lock_guard hold(link_mutex_);
    servers.insert(servers.end(), discovered_servers_.begin(), discovered_servers_.end());
  }
  const session_options how{servers, "starling " + self_.str(), options_.security, names_.inbox()};
  auto session = nats_session::open(how, weak_from_this());
  if (session.ok()) return *session;
  complain(session.error().message);
  return nullptr;
}

bool nats_connection::prepare(nats_session& session) {
  max_payload_ = session.max_payload();
  std::vector<std::string> heard{names_.announcements(), names_.questions_to_all(),
                                 names_.question(self_)};
  for (std::size_t i = 0; i < names_.partitions(); ++i)
    heard.push_back("$JS.EVENT.ADVISORY.STREAM.*." + names_.stream(partition_id(i)));
  for (const auto& subject : heard) {
    if (session.subscribe(subject)) continue;
    complain("the connection to NATS was lost while subscribing");
    return false;
  }
  const auto store = ensure_store(session, options_, epochs());
  if (!store.ok()) {
    complain(store.error().message);
    remember_servers(session);
    if (store.error().code == errc::conflict) give_up(store.error().message);
    return false;
  }
  std::copy(store->begin(), store->end(), epochs_.begin());
  return true;
}

std::vector<epoch_id> nats_connection::epochs() const { return {epochs_.begin(), epochs_.end()}; }

void nats_connection::give_up(const std::string& why) {
  {
    const std::lock_guard events(events_mutex_);
    if (receiver_) receiver_->on_misconfigured(why);
  }
  std::unique_lock hold(link_mutex_);
  link_changed_.wait(hold, [this] { return stop_link_; });
}

void nats_connection::watch_over(nats_session& session) {
  for (;;) {
    {
      std::unique_lock hold(link_mutex_);
      const auto over = [&] { return stop_link_ || session.lost(); };
      link_changed_.wait(hold, [&] { return over() || (verify_wanted_ && raised_); });
      link_changed_.wait_for(hold, once_to_twice(verify_delay), over);
      if (over()) return;
      verify_wanted_ = false;
    }
    const auto store = ensure_store(session, options_, epochs());
    if (!store.ok())
      session.lose("the store does not answer: " + store.error().message);
    else if (*store != epochs())
      session.lose("the store was deleted and made anew");
  }
}

void nats_connection::finish(const std::shared_ptr<nats_session>& session) {
  remember_servers(*session);
  {
    const std::lock_guard events(events_mutex_);
    current_.reset();
    {
      const std::lock_guard hold(link_mutex_);
      raised_.reset();
    }
    if (up_.exchange(false) && receiver_) receiver_->on_down(session->loss_reason());
  }
  if (!stopping() && session->lost()) complain(session->loss_reason());
  session->close();
}

void nats_connection::remember_servers(const nats_session& session) {
  const auto credentials =
      configured_servers_.empty() ? std::string() : credentials_of(configured_servers_.front());
  std::vector<std::string> extra;
  for (const auto& url : session.known_servers()) {
    const auto same = [&](const std::string& configured) {
      return host_of(configured) == host_of(url);
    };
    if (std::none_of(configured_servers_.begin(), configured_servers_.end(), same))
      extra.push_back(with_credentials(url, credentials));
  }
  const std::lock_guard hold(link_mutex_);
  discovered_servers_ = std::move(extra);
}

void nats_connection::complain(const std::string& reason) {
  {
    // One line per outage, not one per attempt.
    const std::lock_guard hold(link_mutex_);
    if (reason == last_complaint_) return;
    last_complaint_ = reason;
  }
  log::warn("NATS engine is away; trying again", {{"reason", reason}});
}

// ---- nats-out ----

void nats_connection::run_out() {
  name_this_thread("nats-out");
  std::deque<order> batch;
  for (bool last_round = false; !last_round;) {
    {
      std::unique_lock hold(out_mutex_);
      const auto awake = [this] { return stop_out_ || !orders_.empty(); };
      if (out_session_ && !out_session_->requests().empty())
        out_changed_.wait_for(hold, expiry_step, awake);
      else
        out_changed_.wait(hold, awake);
      batch.swap(orders_);
      last_round = stop_out_;
    }
    for (auto& todo : batch) {
      if (faults_to_come) faults_to_come->count("nats-out", "order");
      carry_out(todo);
    }
    batch.clear();
    if (out_session_) out_session_->requests().expire(steady_clock::now());
  }
  if (out_session_ && !out_session_->lost()) out_session_->flush(goodbye_flush);
  out_session_.reset();
  nats_ReleaseThreadMemory();
}

void nats_connection::carry_out(order& todo) {
  const bool ready = out_session_ && !out_session_->lost();
  switch (todo.action) {
    case order::verb::begin: begin(todo.session); break;
    case order::verb::follow:
      if (followed_.insert(todo.channel).second && ready) follow_now(todo.channel);
      break;
    case order::verb::unfollow:
      if (followed_.erase(todo.channel) != 0 && ready)
        out_session_->unsubscribe(names_.followed(todo.channel));
      break;
    case order::verb::publish:
      if (ready) out_session_->publish(todo.subject, bytes_of(todo.payload));
      break;
    case order::verb::request:
      if (ready)
        out_session_->request(todo.subject, bytes_of(todo.payload), todo.message_id, todo.deadline,
                              std::move(todo.handler), std::move(todo.consumer));
      else
        todo.handler({answer_state::disconnected});
      break;
  }
}

void nats_connection::begin(const std::shared_ptr<nats_session>& session) {
  out_session_ = session;
  for (const auto& channel : followed_) follow_now(channel);
  session->echo(steady_clock::now() + echo_timeout,
                [this, weak = std::weak_ptr(session)](const nats_answer& answer) {
                  const auto raised = weak.lock();
                  if (!raised) return false;
                  if (answer.state == answer_state::answered)
                    raise(*raised);
                  else
                    raised->lose("NATS does not answer");
                  return false;
                });
}

void nats_connection::follow_now(const channel& channel) {
  const auto subject = names_.followed(channel);
  if (subject.size() > max_subject_bytes) {
    log::warn("a channel's name is too long to be followed",
              {{"kind", to_string(channel.kind)}, {"bytes", channel.name.size()}});
    return;
  }
  if (!out_session_->subscribe(subject)) out_session_->lose("a subscription was refused");
}

/// Comes from on_session_message, which holds `events_mutex_`: the first message after it is the
/// first that the receiver hears.
void nats_connection::raise(nats_session& session) {
  {
    const std::lock_guard hold(link_mutex_);
    raised_ = session.shared_from_this();
    server_ = session.server();
    last_complaint_.clear();
  }
  link_changed_.notify_all();
  up_ = true;
  const auto parts = names_.partitions();
  log::info("NATS engine is up", {{"epoch", epoch(partition_id{0})}, {"partitions", parts}});
  if (receiver_)
    receiver_->on_up("connected to NATS, stream '" + options_.stream + "'" +
                     (parts == 1 ? "" : " in " + std::to_string(parts) + " partitions"));
}

}  // namespace starling::cluster
