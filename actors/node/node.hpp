/// The node: all actors wired together behind the HTTP front's `service`.
#pragma once

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <memory>
#include <string>
#include <vector>

#include "actors/api/api_call.hpp"
#include "actors/api/cluster_view.hpp"
#include "actors/api/event_index.hpp"
#include "actors/api/node_answers.hpp"
#include "actors/base/node_directory.hpp"
#include "actors/ingest/ingestion.hpp"
#include "actors/messages/context.hpp"
#include "cluster/engine.hpp"
#include "net/io/io_loop.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// What the program adds to a node's answers.
struct node_hooks {
  std::function<std::string()> metrics_text;
  std::function<std::string()> config_json;
  /// False when the level is unknown.
  std::function<bool(const std::string& level)> set_log_level;
  /// Called when an administrator's word has begun the drain; not when it had begun before.
  std::function<void()> drain_requested;
  /// Called when this node can never work as it is configured; `why` is for people. The program
  /// should end.
  std::function<void(std::string why)> misconfigured;
};

/// Owns the actor system. Construct after the loops, before the HTTP server; the loops must run
/// from start() until stop() has returned.
class node final : public net::service,
                   private cluster::bus_listener,
                   private cluster::roster_listener,
                   private cluster::membership_listener {
 public:
  node(std::vector<net::io_loop*> loops, std::unique_ptr<cluster::engine> engine,
       node_options options, node_hooks hooks);
  ~node() override;

  /// Messages of `feed` become events by `rules`, from start() on.
  void ingest(std::shared_ptr<cluster::foreign_feed> feed,
              std::shared_ptr<const net::rule_set> rules);
  /// nullptr where nothing is ingested.
  const ingestion* ingesting() const noexcept { return ingestion_.get(); }

  /// Starts the engine and the heartbeat. `public_address`, `admin_address`: shown to others.
  void start(std::string public_address, std::string admin_address);
  /// Not ready, no new streams, sessions sent away over the drain window. False when it is doing so
  /// already; nothing changes then. Any thread.
  bool drain();
  bool drained() const noexcept { return context_.draining && context_.sessions == 0; }
  /// Says goodbye to whoever is left, leaves the cluster, ends all actors. Blocks; not on a loop.
  void stop();

  /// How many sessions this node may have; 0: no limit. Any thread, any time.
  void limit_sessions(std::size_t most) { context_.max_sessions = most; }
  /// How many bytes of data an event may have. Any thread, any time.
  void limit_event_bytes(std::size_t most) { context_.max_event_bytes = most; }
  void verify_tokens_with(std::function<result<net::identity_ptr>(std::string_view)> verify) {
    context_.verify_token = std::move(verify);
  }

  const node_context& state() const noexcept { return context_; }
  const std::vector<net::io_loop*>& loops() const noexcept { return loops_; }

  // net::service
  void open(net::io_loop& loop, net::stream_request request,
            std::unique_ptr<net::stream_responder> responder) override;
  result<void> check(const net::stream_request& request) override;
  std::optional<net::goodbye> cannot_open(const tenant_id& tenant) const override;
  void publish(net::io_loop& loop, net::identity_ptr caller, net::publish_batch batch,
               std::function<void(std::vector<net::publish_verdict>)> done) override;
  std::vector<net::api_route> routes() override { return api_routes(api_); }
  void close_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                     std::function<void(result<void>)> done) override;
  void leave_behind(net::io_loop& loop, net::identity_ptr caller, const session_id& id) override;
  void send_to_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                       net::publish_item item,
                       std::function<void(net::publish_verdict)> done) override;
  void renew_session(net::io_loop& loop, net::identity_ptr fresh, const session_id& id,
                     std::function<void(result<void>)> done) override;
  void change_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                      net::session_change change, std::function<void(result<void>)> done) override;
  void publish_from_session(net::io_loop& loop, net::identity_ptr caller, const session_id& id,
                            net::publish_item item, std::string traceparent,
                            std::function<void(net::publish_verdict)> done) override;
  void online_users(net::io_loop& loop, net::identity_ptr caller, online_scope scope,
                    std::string room,
                    std::function<void(result<std::vector<net::presence_user>>)> done) override;
  void list_sessions(net::io_loop& loop, net::identity_ptr caller, std::size_t most,
                     std::function<void(result<std::vector<net::session_info>>)> done) override;
  void find_event(net::io_loop& loop, const channel& channel, std::string id,
                  std::function<void(result<std::optional<cursor>>)> done) override;
  void describe_views(net::io_loop& loop, const tenant_id& tenant,
                      std::function<void(std::vector<std::string>)> done) override;
  cursor here(const tenant_id& tenant) const override { return context_.here(tenant); }
  void statistics(net::io_loop& loop, net::identity_ptr caller,
                  std::function<void(result<net::node_stats>)> done) override;
  net::health health() const override;
  std::string metrics_text() const override { return hooks_.metrics_text(); }

 private:
  /// Why the engine is not there, for people.
  std::string away() const;
  // cluster::bus_listener
  void on_stored(cluster::partition_id p, stored_event stored) override;
  void on_ephemeral(event event) override;
  void on_control(channel channel, std::string payload) override;
  void on_announcement(std::string payload) override;
  void on_request(std::string payload, std::function<void(std::string)> reply) override;
  void on_engine(bool up, std::string detail) override;
  void on_store_leader_changed(cluster::partition_id p) override;
  void on_engine_misconfigured(std::string why) override;
  // cluster::roster_listener
  void on_roster(cluster::roster_part part) override;
  void on_member_added(cluster::roster_entry entry) override;
  void on_member_removed(cluster::roster_entry entry) override;
  // cluster::membership_listener
  void on_membership_news(cluster::membership_news news) override;

  /// Where sources of memberships are asked, nodes tell each other what may have changed.
  void connect_sources();
  /// Asks all nodes, this one too, without wanting to know what they say. Any thread.
  template <class Question>
  void tell_all(Question told);

  void end_actors();
  void every_second();
  /// Heartbeats are made on the home loop, from anywhere by announce_soon().
  void announce(bool leaving);
  void announce_soon();
  net::node_info measure();
  /// What another node said is read on a loop, not on the engine's thread; beyond a bound it is
  /// refused. A fault while it is read is counted and ends nothing. `kind`: for the log.
  void read_on(net::io_loop& loop, const char* kind, std::string payload,
               std::function<void(const std::string&)> reader);
  void hear_announcement(const std::string& payload);
  void hear_question(net::io_loop& loop, const std::string& payload,
                     const std::function<void(std::string)>& reply);
  node_commands commands();
  /// For a publish to or from a session, whose refusal is counted: is it there, and the caller's
  /// own, or (unless `own_only`) the caller an administrator? `done`: not_found, forbidden, or why
  /// nobody answers; on `loop`.
  void find_session(net::io_loop& loop, const net::identity_ptr& caller, const session_id& id,
                    bool own_only, std::function<void(result<void>)> done);
  void publish_one(net::io_loop& loop, net::identity_ptr caller, net::publish_item item,
                   std::string traceparent, std::function<void(net::publish_verdict)> done);

  std::vector<net::io_loop*> loops_;
  std::unique_ptr<cluster::engine> engine_;
  node_hooks hooks_;
  node_context context_;
  node_directory nodes_;
  node_answers answers_;
  cluster_view cluster_;
  event_index events_;
  api_parts api_;
  std::atomic<std::size_t> unread_{0};     ///< see read_on
  std::atomic<std::size_t> next_loop_{0};  ///< that answers a question

  net::node_info self_;
  /// Counters at the last heartbeat, for rates.
  struct {
    std::uint64_t events_in = 0;
    std::uint64_t deliveries = 0;
    double cpu_seconds = 0;
    steady_time at{};
  } last_;
  std::unique_ptr<boost::asio::steady_timer> second_;

  caf::actor_system_config caf_config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<ingestion> ingestion_;  ///< only where there are rules
};

}  // namespace starling::actors
