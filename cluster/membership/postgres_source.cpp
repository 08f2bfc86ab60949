#include "cluster/membership/postgres_source.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>
#include <tuple>
#include <utility>

#include "cluster/membership/news_codec.hpp"
#include "cluster/membership/pg_connection.hpp"
#include "cluster/membership/source_pool.hpp"
#include "net/base/log.hpp"
#include "net/base/thread_name.hpp"

namespace starling::cluster {

namespace {

using namespace std::chrono_literals;

/// Between attempts to reach a server that is away.
constexpr auto reconnect_wait = 250ms;
/// How often the connection that listens is tried, so that a silent death shows.
constexpr auto probe_interval = 2s;

/// One connection with its prepared statements.
class postgres_asker final : public membership_asker {
 public:
  explicit postgres_asker(postgres_options options) : options_(std::move(options)) {}

  result<membership_source::names> ask(const membership_query& query,
                                       steady_time deadline) override {
    // The server may have ended a connection that lay idle, which shows when it is used.
    const bool idle = connection_ != nullptr;
    auto answer = try_to_ask(query, deadline);
    if (!answer && idle && !connection_ && answer.error().code != errc::timeout)
      answer = try_to_ask(query, deadline);
    return answer;
  }

 private:
  struct statement {
    const char* name;
    std::size_t parameters = 0;
  };

  result<membership_source::names> try_to_ask(const membership_query& query, steady_time deadline) {
    if (const auto connected = connect(deadline); !connected) return connected.error();
    const auto& how =
        query.asked == membership_query::kind::rooms_of_user ? rooms_of_user_ : users_of_room_;
    std::vector<std::string> values{query.name, query.tenant.str()};
    values.resize(how.parameters);
    auto names = connection_->column(how.name, values, deadline);
    if (connection_->broken()) connection_.reset();
    if (!names && names.error().code == errc::malformed) return membership_source::names{};
    return names;
  }

  result<void> connect(steady_time deadline) {
    if (connection_) return {};
    if (steady_clock::now() < not_before_) return last_failure_;
    auto connection = pg_connection::open(options_.dsn, deadline);
    result<void> ready = connection ? prepare(**connection, deadline) : connection.error();
    if (!ready) {
      last_failure_ = ready.error();
      not_before_ = steady_clock::now() + reconnect_wait;
      return ready;
    }
    connection_ = std::move(*connection);
    return {};
  }

  result<void> prepare(pg_connection& on, steady_time deadline) {
    // A question that nobody waits for any more should not go on at the server.
    const auto limited =
        on.run("SET statement_timeout = " + std::to_string(options_.timeout.count()), deadline);
    if (!limited) return limited;
    for (const auto& [how, sql, key] :
         {std::tuple{&rooms_of_user_, &options_.rooms_of_user, "rooms_of_user"},
          {&users_of_room_, &options_.users_of_room, "users_of_room"}}) {
      const auto parameters = on.prepare(how->name, *sql, deadline);
      if (!parameters)
        return error{errc::unavailable,
                     std::string("membership.postgres.") + key + ": " + parameters.error().message};
      if (*parameters > 2)
        return error{errc::unavailable, std::string("membership.postgres.") + key +
                                            " has more parameters than $1 and $2"};
      how->parameters = *parameters;
    }
    return {};
  }

  const postgres_options options_;
  std::unique_ptr<pg_connection> connection_;
  statement rooms_of_user_{"starling_rooms_of_user"};
  statement users_of_room_{"starling_users_of_room"};
  steady_time not_before_{};
  error last_failure_;
};

/// The connection that hears what changes, and finds out whether the server is there.
class postgres_watch {
 public:
  using heard = std::function<void(membership_news)>;
  using found = std::function<void(bool ok, const std::string& detail)>;

  explicit postgres_watch(postgres_options options)
      : options_(std::move(options)), wake_(eventfd(0, EFD_CLOEXEC)) {}
  ~postgres_watch() {
    stop();
    close(wake_);
  }

  void start(heard on_news, found on_state) {
    on_news_ = std::move(on_news);
    on_state_ = std::move(on_state);
    thread_ = std::thread([this] { run(); });
  }
  void stop() {
    if (!thread_.joinable()) return;
    stopping_ = true;
    eventfd_write(wake_, 1);
    thread_.join();
  }

 private:
  void run() {
    name_this_thread("postgres-news");
    while (!stopping_) {
      const auto why = watch();
      if (stopping_) return;
      on_state_(false, why.message);
      wait(-1, reconnect_wait);
    }
  }

  /// Returns when the connection is of no more use, or when it should stop.
  error watch() {
    auto opened = pg_connection::open(options_.dsn, deadline());
    if (!opened) return opened.error();
    auto& connection = **opened;
    if (!options_.channel.empty()) {
      if (const auto listening = connection.listen(options_.channel, deadline()); !listening)
        return listening.error();
      on_news_({});  // what was said while nobody listened is not known
    }
    on_state_(true, "connected");
    auto next_probe = steady_clock::now() + probe_interval;
    while (!stopping_) {
      if (steady_clock::now() >= next_probe) {
        if (const auto there = connection.run("SELECT 1", deadline()); !there) return there.error();
        next_probe = steady_clock::now() + probe_interval;
      }
      while (const auto payload = connection.notification()) tell(*payload);
      if (connection.broken()) return {errc::unavailable, "PostgreSQL ended the connection"};
      wait(connection.socket(), next_probe - steady_clock::now());
    }
    return {};
  }

  void tell(const std::string& payload) {
    auto news = parse_membership_news(payload);
    if (!news)
      log::warn("a notification of PostgreSQL cannot be understood; everything is asked again",
                {{"channel", options_.channel}, {"why", news.error().message}});
    on_news_(news ? std::move(*news) : membership_news{});
  }

  steady_time deadline() const { return steady_clock::now() + options_.timeout; }

  /// Until the socket (-1: none) has something to read, or stop().
  void wait(int socket, std::chrono::nanoseconds patience) const {
    pollfd at[] = {{wake_, POLLIN, 0}, {socket, POLLIN, 0}};
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(patience).count();
    poll(at, socket < 0 ? 1 : 2, static_cast<int>(std::max<std::int64_t>(left, 0)));
  }

  const postgres_options options_;
  const int wake_;
  heard on_news_;
  found on_state_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

class postgres_source final : public source_pool {
 public:
  explicit postgres_source(const postgres_options& options)
      : source_pool(
            {.name = "postgres", .threads = options.connections, .timeout = options.timeout},
            [&options] { return std::make_unique<postgres_asker>(options); }),
        watch_(options) {}

  void start(membership_listener& listener) override {
    source_pool::start(listener);
    watch_.start(
        [&listener](membership_news news) { listener.on_membership_news(std::move(news)); },
        [this](bool ok, const std::string& detail) { found(ok, detail); });
  }
  void stop() override {
    watch_.stop();
    source_pool::stop();
  }

 private:
  postgres_watch watch_;
};

}  // namespace

std::shared_ptr<membership_source> make_postgres_source(const postgres_options& options) {
  return std::make_shared<postgres_source>(options);
}

}  // namespace starling::cluster
