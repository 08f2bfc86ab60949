/// A sequencer whose every wish is written down, and answered by the test.
#pragma once

#include <doctest/doctest.h>

#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/bridge/sequencer.hpp"

namespace starling::actors::test::sequencing {

using texts = std::vector<std::string>;
using namespace std::chrono_literals;

inline channel room_of(const std::string& name) { return room_channel(tenant_id{"acme"}, name); }

/// Unanswered questions wait here, oldest first.
struct written_down : sequencer_output {
  struct read_call {
    starling::channel channel;
    range_read range;
  };
  struct fence_call {
    std::uint64_t number;
    starling::event event;
  };
  struct loss {
    std::string room;
    std::string reason;
    std::size_t heard_before;  ///< publications that went out earlier
    friend bool operator==(const loss&, const loss&) = default;
  };

  void deliver(live_channel& to, publication_ptr publication) override {
    CHECK(to.live);
    CHECK(*to.channel == publication->event().channel);
    delivered.push_back(std::move(publication));
  }
  void read(const channel& channel, const range_read& range) override {
    reads.push_back({channel, range});
  }
  void store_fence(std::uint64_t number, event fence) override {
    fences.push_back({number, std::move(fence)});
  }
  void ask_state() override { ++states; }
  void ask_last(const live_channel& of) override { lasts.push_back(of.id); }
  void lost(live_channel& from, std::string_view reason) override {
    losses.push_back({from.channel->name, std::string(reason), delivered.size()});
  }
  void recovered(std::size_t count) override { found += count; }
  void epoch_began(const cluster::log_state& store, bool anew) override {
    epochs.emplace_back(store.epoch, anew);
  }
  void waiting_refused(const std::string& reason) override { refusals.push_back(reason); }
  void settled() override { ++settlings; }
  void wake_reorder(std::chrono::milliseconds delay) override { wakes.push_back(delay); }

  std::vector<publication_ptr> delivered;
  std::deque<read_call> reads;
  std::deque<fence_call> fences;
  std::size_t states = 0;
  std::deque<channel_id> lasts;
  std::vector<loss> losses;
  std::size_t found = 0;
  std::vector<std::pair<epoch_id, bool>> epochs;
  texts refusals;
  std::size_t settlings = 0;
  std::vector<std::chrono::milliseconds> wakes;
};

template <class Calls>
auto take_oldest(Calls& calls) {
  REQUIRE_FALSE(calls.empty());
  auto out = std::move(calls.front());
  calls.pop_front();
  return out;
}

inline cluster::log_page page_of(std::vector<stored_event> events, bool dropped = false) {
  cluster::log_page out;
  out.events = std::move(events);
  out.dropped = dropped;
  return out;
}
inline error timeout() { return {errc::unavailable, "timeout"}; }

struct sequencer_node {
  static constexpr epoch_id epoch = 7;

  explicit sequencer_node(const sequencer_options& options = {})
      : order(channels, out, {tenant_id{"-"}, channel_kind::client, "fence:n1"}, options) {}

  /// The engine connects; its store ends at `last`.
  void connect(sequence last, epoch_id store = epoch) {
    end_of_store = last;
    order.engine_up(now);
    answer_state(last, store);
  }
  void answer_state(sequence last, epoch_id store = epoch) {
    REQUIRE(out.states > 0);
    --out.states;
    order.state(cluster::log_state{store, 1, last}, now);
  }
  /// Up, with everything up to 100 behind it, and the rooms live.
  void start(const texts& rooms = {}) {
    connect(99);
    REQUIRE(fence_back() == 100);
    if (!rooms.empty()) enter(rooms);
  }
  /// Somebody wants these rooms.
  void want(const texts& rooms) {
    for (const auto& room : rooms)
      if (!channels.find(room_of(room)))
        order.follow(channels.add(std::make_shared<channel>(room_of(room))));
    order.want_fence();
  }
  void enter(const texts& rooms) {
    want(rooms);
    fence_back();
  }
  void leave(const std::string& room) { channels.remove(*channels.find(room_of(room))); }
  bool is_live(const std::string& room) {
    const auto* found = channels.find(room_of(room));
    return found && found->live;
  }
  /// Whether one who has waited since `asked` may join now.
  bool may_join(const texts& rooms, std::uint64_t asked = 0,
                std::optional<cursor> resume = std::nullopt) {
    std::vector<channel_id> ids;
    for (const auto& room : rooms) ids.push_back(channels.find(room_of(room))->id);
    return order.may_join(asked, resume, ids);
  }

  /// The fence that was asked for is stored and comes back; returns its sequence.
  sequence fence_back() {
    const auto fence = take_oldest(out.fences);
    CHECK(out.fences.empty());
    order.stored({++end_of_store, 0, fence.event}, now);
    return end_of_store;
  }
  void fence_fails() { order.fence_failed(take_oldest(out.fences).number, timeout()); }

  /// The next event of the store: known there, not yet heard of here.
  stored_event store(const std::string& room, const std::string& data = {}) {
    const auto channel = room_of(room);
    stored_event next{++end_of_store, latest[channel], {}};
    next.event.channel = channel;
    next.event.data = data.empty() ? room + std::to_string(next.seq) : data;
    latest[channel] = next.seq;
    return next;
  }
  void arrives(stored_event stored) { order.stored(std::move(stored), now); }
  /// Stored and heard of; returns its sequence.
  sequence publish(const std::string& room, const std::string& data = {}) {
    arrives(store(room, data));
    return end_of_store;
  }
  void say(const std::string& room, const std::string& data, bool id_given = false) {
    event said;
    said.channel = room_of(room);
    said.id = data;
    said.id_given = id_given;
    said.data = data;
    order.ephemeral(std::move(said), now);
  }
  void answer_read(cluster::log_page page) {
    order.page(take_oldest(out.reads).range, std::move(page));
  }
  /// Answers all reads, each with those of `stored` that it asks for.
  void answer_reads(const std::vector<stored_event>& stored) {
    while (!out.reads.empty()) {
      const auto& [channel, range] = out.reads.front();
      cluster::log_page page;
      for (const auto& e : stored) {
        if (e.event.channel != channel || e.seq <= range.after || e.seq > range.up_to) continue;
        page.more = page.events.size() == range.limit;
        if (page.more) break;
        page.events.push_back(e);
      }
      answer_read(std::move(page));
    }
  }
  void read_fails() { order.page(take_oldest(out.reads).range, timeout()); }
  void answer_last(sequence last) { order.last_known(take_oldest(out.lasts), last); }
  void second() { order.tick(now += 1s); }

  texts heard() const {
    texts data;
    for (const auto& each : out.delivered) data.push_back(each->event().data);
    return data;
  }
  std::vector<sequence> ids() const {
    std::vector<sequence> seqs;
    for (const auto& each : out.delivered) seqs.push_back(each->at().seq);
    return seqs;
  }
  sequence position() const { return order.position().seq; }

  steady_time now{1h};
  live_channels channels;
  written_down out;
  sequencer order;
  sequence end_of_store = 0;
  std::map<channel, sequence> latest;
};

}  // namespace starling::actors::test::sequencing
