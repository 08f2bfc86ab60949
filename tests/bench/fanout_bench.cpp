// The way of an event to its receivers, without the kernel.
#include <benchmark/benchmark.h>

#include <array>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/scheduler/test_coordinator.hpp>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "actors/runtime/spawn.hpp"
#include "actors/session/connection.hpp"
#include "actors/session/fanout.hpp"
#include "cluster/engine.hpp"
#include "net/base/clock.hpp"
#include "net/io/io_loop.hpp"
#include "net/stream/outbox.hpp"
#include "net/wire/encoders.hpp"
#include "tests/bench/allocations.hpp"
#include "tests/bench/samples.hpp"

namespace starling::bench {
namespace {

using namespace actors;

/// Takes everything out of `box`, as a kernel with room would; answers the number of events.
std::size_t drain(net::outbox& box) {
  std::array<iovec, 64> parts;
  std::size_t events = 0;
  while (const auto count = box.gather(parts)) {
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) bytes += parts[i].iov_len;
    box.consume(bytes, [&](const frame& done) { events += done.items(); });
  }
  return events;
}

/// range(0): frames that wait for one connection when the pass ends.
void outbox_pass(benchmark::State& state) {
  const auto pending = state.range(0);
  const auto shared = net::encode_event(net::wire_format::sse_named, sample_event(), "1-1");
  net::outbox box(true);
  const allocation_meter heap;
  for (auto _ : state) {
    for (auto i = pending; i > 0; --i) box.push(shared);
    benchmark::DoNotOptimize(drain(box));
  }
  heap.report(state, "allocs/frame", static_cast<double>(state.iterations() * pending));
  state.SetItemsProcessed(state.iterations() * pending);
}
BENCHMARK(outbox_pass)->Arg(1)->Arg(4)->Arg(50);

/// Queues, and has a kernel that takes all of it at the end of the pass.
class queueing_transport final : public net::transport {
 public:
  explicit queueing_transport(std::vector<queueing_transport*>& all) { all.push_back(this); }

  void send(frame bytes) override { box_.push(std::move(bytes)); }
  void flush_now() override { delivered_ += drain(box_); }
  void send_heartbeat(std::string_view) override {}
  void close(close_code) override {}
  std::size_t drop_queued() override { return 0; }
  void notify_when_drained() override {}
  net::wire_format format() const noexcept override { return net::wire_format::sse_named; }
  net::transport_kind kind() const noexcept override { return net::transport_kind::sse; }
  std::size_t queued_items() const noexcept override { return box_.items(); }
  std::size_t queued_bytes() const noexcept override { return box_.bytes(); }
  // Never all of it: saving positions is the work of a timer, not of a pass.
  std::uint64_t sent_bytes() const noexcept override { return 1; }
  std::uint64_t acknowledged_bytes() noexcept override { return 0; }
  bool back_pressure() const noexcept override { return false; }
  std::uint64_t delivered() const noexcept override { return delivered_; }

 private:
  net::outbox box_{true};
  std::uint64_t delivered_ = 0;
};

class accepting_responder final : public net::stream_responder {
 public:
  explicit accepting_responder(std::vector<queueing_transport*>& all) : all_(all) {}
  std::unique_ptr<net::transport> accept(const net::connected&, net::transport_observer&) override {
    return std::make_unique<queueing_transport>(all_);
  }
  void refuse(const net::goodbye&) override { throw std::logic_error("the session was refused"); }
  void fail(const error&) override { throw std::logic_error("the session failed"); }

 private:
  std::vector<queueing_transport*>& all_;
};

/// One shard with one room; the other addresses are nobody.
class room_on_a_shard {
 public:
  explicit room_on_a_shard(std::int64_t members) : loop_(0) {
    node_.engine = engine_.get();
    node_.bridges.resize(1);
    node_.fanouts.push_back(spawn<fanout_inbox, fanout>(system_, nullptr, node_, 0u));
    for (; members > 0; --members) add_member();
    run();
    flush();
  }
  ~room_on_a_shard() {
    for (const auto& each : connections_) each.stop();
    run();
    connections_.clear();
    node_.fanouts[0].stop();
    run();
    node_.fanouts.clear();
  }
  room_on_a_shard(const room_on_a_shard&) = delete;
  room_on_a_shard& operator=(const room_on_a_shard&) = delete;

  /// Hands a fresh event to the fanout.
  void publish() {
    auto sent = std::make_shared<publication>(sample_event(), cursor{1, ++last_}, last_);
    node_.fanouts[0].send(fan_out{room, std::move(sent)});
    run();
  }
  /// The end of the pass: all that waits goes to the kernel.
  void flush() {
    for (auto* each : transports_) each->flush_now();
  }
  std::uint64_t delivered() const {
    std::uint64_t sum = 0;
    for (const auto* each : transports_) sum += each->delivered();
    return sum;
  }

 private:
  static constexpr channel_id room = 1;
  struct config : caf::actor_system_config {
    config() { set("scheduler.policy", caf::atom("testing")); }
  };

  void run() { dynamic_cast<caf::scheduler::test_coordinator&>(system_.scheduler()).run(); }

  void add_member() {
    auto identity = std::make_shared<net::identity>();
    identity->tenant = tenant_id{"default"};
    identity->user = user_id{"user-" + std::to_string(connections_.size())};
    identity->expires_s = wall_ms() / 1000 + 3600;
    boost::intrusive_ptr session(new session_record);
    session->id = session_id::make(1);
    session->identity = std::move(identity);
    session->opened_ns = wall_ns();
    auto address = spawn<connection_inbox, connection>(
        system_, nullptr, node_, loop_, session, std::make_unique<net::stream_request>(),
        std::make_unique<accepting_responder>(transports_));
    joined entered{};
    entered.session = session;
    entered.opening = true;
    entered.channels.push_back({room, channel_, 0, false, false});
    // Nobody hears the join that start() asks for; what the bridge would answer follows.
    static_cast<connection&>(*address.get()).start();
    node_.fanouts[0].send(std::move(entered));
    connections_.push_back(std::move(address));
  }

  config config_;
  caf::actor_system system_{config_};
  net::io_loop loop_;
  std::unique_ptr<cluster::engine> engine_ = cluster::make_memory_engine({});
  node_context node_;
  channel_ptr channel_ = std::make_shared<channel>(sample_event().channel);
  std::vector<handle<connection_inbox>> connections_;
  std::vector<queueing_transport*> transports_;
  sequence last_ = 0;
};

/// fanout -> connection -> transport -> outbox. range(0): members; range(1): events of one pass.
void fanout_pass(benchmark::State& state) {
  const auto members = state.range(0);
  const auto events = state.range(1);
  room_on_a_shard room(members);
  const auto before = room.delivered();
  const allocation_meter heap;
  for (auto _ : state) {
    for (auto i = events; i > 0; --i) room.publish();
    room.flush();
  }
  const auto due = state.iterations() * members * events;
  heap.report(state, "allocs/delivery", static_cast<double>(due));
  heap.report(state, "allocs/event", static_cast<double>(state.iterations() * events));
  state.SetItemsProcessed(due);
  if (room.delivered() - before != static_cast<std::uint64_t>(due))
    state.SkipWithError("not every event reached every member");
}
BENCHMARK(fanout_pass)->ArgsProduct({{10, 1000, 10000}, {1, 4}});

}  // namespace
}  // namespace starling::bench
