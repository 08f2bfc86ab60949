#include "apps/starlingd/program.hpp"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <nlohmann/json.hpp>
#include <thread>

#include "actors/node/node.hpp"
#include "apps/starlingd/config/config_schema.hpp"
#include "apps/starlingd/config/config_start.hpp"
#include "apps/starlingd/log_sink.hpp"
#include "apps/starlingd/metrics_page.hpp"
#include "apps/starlingd/settings.hpp"
#include "net/base/fault.hpp"
#include "net/base/paced_text.hpp"
#include "net/base/planned_faults.hpp"
#include "net/dialect/dialects.hpp"
#include "net/front/http_server.hpp"
#include "net/io/io_loop.hpp"

namespace starling::app {

namespace {

using namespace std::chrono_literals;

/// How long a start waits for the engine before it says that it is up without one.
constexpr auto engine_patience = 3s;
/// How long sessions that do not read may hold up the end after the drain window.
constexpr auto drain_grace = 6s;

/// Exit code for a configuration that cannot be carried out.
constexpr int usage_error = 2;

/// The signals this process answers to. Blocked in every thread, taken by the main one.
class signals {
 public:
  signals() {
    sigemptyset(&set_);
    for (const int s : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&set_, s);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    signal(SIGPIPE, SIG_IGN);
  }
  /// The next signal, or 0 after `patience`.
  int wait(std::chrono::nanoseconds patience) const {
    const auto s = std::chrono::duration_cast<std::chrono::seconds>(patience);
    const timespec limit{s.count(), static_cast<long>((patience - s).count())};
    const int got = sigtimedwait(&set_, nullptr, &limit);
    return got < 0 ? 0 : got;
  }
  /// As wait(), until `done()`; 0 when it became true or `patience` ran out.
  int wait_until(const std::function<bool()>& done, std::chrono::nanoseconds patience) const {
    const auto deadline = steady_clock::now() + patience;
    while (!done() && steady_clock::now() < deadline)
      if (const int got = wait(10ms)) return got;
    return 0;
  }

 private:
  sigset_t set_;
};

/// Everything that runs, in the order in which it must be taken down again.
class program {
 public:
  program(const load_request& request, load_result loaded, std::shared_ptr<const net::key_set> keys)
      : request_(request), current_(std::move(loaded)) {
    const auto& c = current_.value;
    const auto shards =
        c.node.shards != 0 ? c.node.shards : std::max(1U, std::thread::hardware_concurrency());
    for (unsigned i = 0; i < shards; ++i) {
      loops_.push_back(std::make_unique<net::io_loop>(i));
      loop_list_.push_back(loops_.back().get());
    }
    if (!c.debug.faults.empty()) {
      // Checked with the configuration.
      faults_ = std::move(*planned_faults::parse(c.debug.faults));
      faults_to_come = faults_.get();
    }
    http_ = http_settings_of(c, std::move(keys));
    for (auto* loop : loop_list_) loop->start();
    node_ = std::make_unique<actors::node>(
        loop_list_, make_engine(c), node_options_of(c),
        actors::node_hooks{[this] { return metrics_.get(steady_clock::now()); },
                           [this] { return effective_config(); }, set_log_level,
                           [] { kill(getpid(), SIGTERM); },
                           [this](std::string why) { end_as_misconfigured(std::move(why)); }});
    if (auto rules = mappings_of(c)) node_->ingest(make_feed(c), std::move(rules));
    node_->limit_sessions(c.limits.max_sessions);
    node_->limit_event_bytes(c.limits.max_event_bytes);
    node_->verify_tokens_with([this](std::string_view token) -> result<net::identity_ptr> {
      const auto now = http_.load();
      auto bearer = net::verify(token, *now->keys, now->rules, wall_ms() / 1000);
      if (!bearer) return bearer.error();
      return std::make_shared<const net::identity>(std::move(*bearer));
    });
    server_ = std::make_unique<net::http_server>(
        loop_list_, *node_, http_options_of(c, loop_list_.size()), http_.load(), assets(),
        net::dialect_routes(c.dialects, dialect_settings_of(c)));
  }

  ~program() {
    server_.reset();
    for (auto* loop : loop_list_) loop->release();
    for (auto* loop : loop_list_) loop->join();
  }

  int run(const signals& incoming) {
    const auto& c = current_.value;
    node_->start(server_->public_address(), server_->admin_address());
    server_->start();
    int got = incoming.wait_until([this] { return node_->health().ready || misconfigured_; },
                                  engine_patience);
    if (!misconfigured_) {
      std::printf("starlingd ready node=%s public=%s admin=%s\n", c.node.id.c_str(),
                  server_->public_address().c_str(), server_->admin_address().c_str());
      std::fflush(stdout);
    }
    for (; got != SIGTERM && got != SIGINT; got = incoming.wait(1h))
      if (got == SIGHUP) reload();

    node_->drain();
    incoming.wait_until([this] { return node_->drained(); }, c.drain.window + drain_grace);
    log::info("stopping");
    server_->stop();
    node_->stop();
    if (!misconfigured_) return 0;
    std::fprintf(stderr, "starlingd: %s\n", misconfiguration_.c_str());
    return usage_error;
  }

 private:
  /// On a thread of the engine.
  void end_as_misconfigured(std::string why) {
    misconfiguration_ = std::move(why);
    misconfigured_ = true;
    kill(getpid(), SIGTERM);
  }

  std::string effective_config() {
    const std::lock_guard guard(config_lock_);
    return effective(current_.value).dump();
  }

  void reload() {
    auto fresh = load(request_);
    auto keys = check_start(fresh);
    for (const auto& e : fresh.errors)
      log::error("reload refused", {{"where", e.place}, {"why", e.message}});
    if (!fresh.ok()) return;
    for (const auto& note : reload_notes(current_, fresh)) log::warn("reload", {{"note", note}});
    {
      const std::lock_guard guard(config_lock_);
      apply_reload(current_, std::move(fresh));
    }
    const auto& c = current_.value;
    log::set_level(c.log.level);
    http_ = http_settings_of(c, std::move(keys));
    server_->update(http_.load());
    if (const auto renewed = server_->reload_certificate(); !renewed)
      log::error("the TLS certificate stays as it was", {{"why", renewed.error().message}});
    node_->limit_sessions(c.limits.max_sessions);
    node_->limit_event_bytes(c.limits.max_event_bytes);
    log::info("configuration reloaded");
  }

  const load_request request_;
  std::mutex config_lock_;
  load_result current_;
  std::atomic<std::shared_ptr<const net::http_settings>> http_;
  std::unique_ptr<planned_faults> faults_;
  std::string misconfiguration_;  ///< written before the flag is set
  std::atomic<bool> misconfigured_{false};
  std::vector<std::unique_ptr<net::io_loop>> loops_;
  std::vector<net::io_loop*> loop_list_;
  std::unique_ptr<actors::node> node_;
  std::unique_ptr<net::http_server> server_;
  /// Half a millisecond each, and no token is asked for.
  paced_text metrics_{
      [this] { return metrics_page(node_->state(), node_->ingesting(), loop_list_); }, 20, 10};
};

}  // namespace

int run(const load_request& request, load_result loaded, std::shared_ptr<const net::key_set> keys) {
  const signals incoming;  // before any thread exists
  install_log(loaded.value.log.format);
  end_process_on_uncaught();
  log::set_level(loaded.value.log.level);
  if (loaded.value.auth.dev)
    log::warn("INSECURE: auth.dev accepts tokens signed with the secret \"dev\"");
  program node(request, std::move(loaded), std::move(keys));
  return node.run(incoming);
}

}  // namespace starling::app
