/// A store with a network in between that does everything it may do to a sequencer, by chance, and
/// looks after every delivery whether it was its turn.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "actors/bridge/sequencer.hpp"

namespace starling::actors::test::sequencing {

/// One schedule. Rooms come and go; copies of events are lost, swapped, doubled and late; the
/// engine goes away, its leader changes, its history ages and begins anew; reads and fences fail.
class random_world final : public sequencer_output {
 public:
  explicit random_world(unsigned seed);

  /// Something happens.
  void step();
  /// Nothing fails any more, and everything under way comes to its end.
  void settle();

  /// What was wrong, in words; empty when nothing was.
  const std::string& fault() const { return fault_; }
  std::size_t delivered() const { return delivered_; }
  std::size_t late() const { return late_; }
  std::size_t lost() const { return lost_; }

 private:
  /// A stored event, and what became of it at a room that is live.
  struct record {
    stored_event event;
    bool aged = false;  ///< the store has dropped it
    bool told = false;  ///< the sequencer knows of it, or of an outage after it
    bool done = false;  ///< delivered, or of before the room was live
    bool lost = false;  ///< reported lost; it may come all the same
    bool missing() const { return !done && !lost; }
  };
  struct copy {
    steady_time due;
    stored_event event;
    bool on_time;
  };
  struct read_call {
    starling::channel channel;
    range_read range;
  };
  struct fence_call {
    std::uint64_t number;
    starling::event event;
  };
  struct handed_out {
    sequence seq;
    sequence id;
  };

  void deliver(live_channel& to, publication_ptr publication) override;
  void read(const channel& channel, const range_read& range) override {
    notice_live();
    reads_.push_back({channel, range});
  }
  void store_fence(std::uint64_t number, event fence) override {
    notice_live();
    appends_.push_back({number, std::move(fence)});
  }
  void ask_state() override { ++states_; }
  void ask_last(const live_channel& of) override { lasts_.push_back(of.id); }
  void lost(live_channel& from, std::string_view reason) override;
  void recovered(std::size_t) override {}
  void epoch_began(const cluster::log_state& store, bool anew) override;
  void waiting_refused(const std::string& reason) override;
  void settled() override;
  void wake_reorder(std::chrono::milliseconds delay) override;

  unsigned any(unsigned below) { return static_cast<unsigned>(random_() % below); }
  bool chance(unsigned one_in) { return calm_ ? false : any(one_in) == 0; }
  const channel& any_room() { return rooms_[any(static_cast<unsigned>(rooms_.size()))]; }
  void wrong(const std::string& text, sequence seq);
  /// Events of a channel that has become live are expected from here on. Called by all that a
  /// sequencer does next when a fence is back.
  void notice_live();

  void advance(std::chrono::milliseconds by);
  void store_something();
  void send(const stored_event& stored, std::chrono::milliseconds after, bool on_time);
  void arrive(copy&& arrived);
  void answer_something();
  void answer_append();
  void answer_read();
  void answer_last();
  void answer_state();
  void come(const channel& room);
  void go(const channel& room);
  void go_away();
  void come_back();
  void change_leader();
  void age(const channel& room);
  void begin_anew();
  void outage_is_known();
  void in_its_turn(const channel& room, sequence seq, sequence id);
  void reconnect_client();

  std::mt19937 random_;
  bool calm_ = false;
  std::string fault_;
  steady_time now_{std::chrono::hours(1)};
  steady_time second_ = now_;
  std::optional<steady_time> wake_;

  // The store.
  const std::vector<channel> rooms_;
  sequencer_options options_;
  epoch_id epoch_ = 1;
  sequence last_ = 0;
  std::map<channel, std::vector<record>> stored_;
  std::map<channel, sequence> dropped_up_to_;
  bool up_ = false;
  std::vector<copy> wire_;
  std::set<channel_id> subscribed_;  ///< copies are sent to those

  std::vector<fence_call> appends_;
  std::vector<read_call> reads_;
  std::vector<channel_id> lasts_;
  std::size_t states_ = 0;

  // The node.
  live_channels channels_;
  sequencer order_;
  epoch_id known_epoch_ = 0;
  sequence highest_id_ = 0;
  std::set<channel_id> live_;  ///< noticed
  std::size_t delivered_ = 0;
  std::size_t late_ = 0;
  std::size_t lost_ = 0;

  // A client: how much of what was handed out it has read, and what it has.
  std::vector<std::pair<channel, handed_out>> handed_out_;
  std::size_t client_read_ = 0;
  sequence client_cursor_ = 0;
};

}  // namespace starling::actors::test::sequencing
