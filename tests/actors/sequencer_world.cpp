#include "tests/actors/sequencer_world.hpp"

namespace starling::actors::test::sequencing {

using std::chrono::milliseconds;

namespace {

const channel fence_channel{tenant_id{"-"}, channel_kind::client, "fence:n1"};

std::vector<channel> make_rooms() {
  std::vector<channel> out;
  for (const auto* name : {"a", "b", "c", "d"})
    out.push_back(room_channel(tenant_id{"acme"}, name));
  return out;
}

/// Bounds so small that they are reached.
sequencer_options any_options(std::mt19937& random) {
  sequencer_options out;
  const auto any = [&](unsigned below) { return static_cast<std::size_t>(random() % below); };
  out.disorder = milliseconds(any(2) * 4);
  out.sweep = {200, std::chrono::seconds(1)};
  out.held = {any(2) ? 65'536 : 3 + any(20), 1u << 20};
  out.overflows = static_cast<unsigned>(any(4));
  out.repair = {1 + any(8), 1 + any(4), {any(2) ? 65'536 : 2 + any(10), 1u << 20}};
  out.reordered = {any(2) ? 4'096 : 2 + any(6), 1u << 20};
  return out;
}

/// Takes out one of them.
template <class T>
T take(std::vector<T>& from, std::size_t at) {
  auto out = std::move(from[at]);
  from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
  return out;
}

error refused() { return {errc::unavailable, "by chance"}; }

}  // namespace

random_world::random_world(unsigned seed)
    : random_(seed),
      rooms_(make_rooms()),
      options_(any_options(random_)),
      order_(channels_, *this, fence_channel, options_) {}

void random_world::wrong(const std::string& text, sequence seq) {
  if (fault_.empty()) fault_ = text + ", position " + std::to_string(seq);
}

// -- what happens -------------------------------------------------------------------------------

void random_world::step() {
  switch (any(24)) {
    case 0:
    case 1:
    case 2:
    case 3:
    case 4: return store_something();
    case 5: last_ += any(3); return;  // of rooms that nobody wants here
    case 6:
    case 7:
    case 8:
    case 9: return advance(milliseconds(1 + any(4)));
    case 10: return any(2) == 0 ? advance(milliseconds(1000)) : come(any_room());
    case 11: return come(any_room());
    case 12: return any(4) == 0 ? go(any_room()) : age(any_room());
    case 13: return up_ ? (any(10) == 0 ? go_away() : advance(milliseconds(1))) : come_back();
    case 14: return up_ ? (any(6) == 0 ? change_leader() : advance(milliseconds(1))) : come_back();
    case 15:
      if (any(60) == 0) begin_anew();
      return;
    case 16: return reconnect_client();
    case 17:
      client_read_ = std::min(handed_out_.size(), client_read_ + any(4));
      if (client_read_ > 0) client_cursor_ = handed_out_[client_read_ - 1].second.id;
      return;
    default: return answer_something();
  }
}

void random_world::settle() {
  calm_ = true;
  if (!up_) come_back();
  for (int second = 0; second < 40 && fault_.empty(); ++second) {
    while (!appends_.empty() || !reads_.empty() || !lasts_.empty() || states_ > 0) {
      answer_something();
      advance(milliseconds(5));
    }
    advance(milliseconds(1000));
  }
  if (order_.phase() != sequencer_phase::live) wrong("it is not live in the end", last_);
  for (const auto& room : rooms_) {
    const auto* to = channels_.find(room);
    if (to && !to->live) wrong("a room is not live in the end", last_);
    if (!to) continue;
    for (const auto& each : stored_[room])
      if (each.missing()) wrong("neither delivered nor reported lost", each.event.seq);
  }
  reconnect_client();
}

void random_world::advance(milliseconds by) {
  const auto until = now_ + by;
  for (;;) {
    auto next = std::min(until, second_ + std::chrono::seconds(1));
    std::size_t first = wire_.size();
    for (std::size_t i = 0; i < wire_.size(); ++i)
      if (wire_[i].due < next || (wire_[i].due == next && first == wire_.size())) {
        next = wire_[i].due;
        first = i;
      }
    if (wake_ && *wake_ < next) {
      now_ = std::max(now_, *wake_);
      wake_.reset();
      order_.reorder_due(now_);
      continue;
    }
    now_ = std::max(now_, next);
    if (first < wire_.size()) {
      arrive(take(wire_, first));
    } else if (now_ == second_ + std::chrono::seconds(1)) {
      second_ = now_;
      order_.tick(now_);
    } else {
      return;
    }
  }
}

void random_world::store_something() {
  const auto& room = any_room();
  auto& history = stored_[room];
  sequence previous = history.empty() ? 0 : history.back().event.seq;
  stored_event next{++last_, previous, {}};
  next.event.channel = room;
  next.event.data = std::to_string(last_);
  history.push_back({next});
  const auto* to = channels_.find(room);
  if (!to || !to->live) history.back().done = true;
  if (!up_ || !to || !subscribed_.contains(to->id)) return;
  if (chance(8)) return;  // lost, and nothing tells
  if (chance(20)) return send(next, milliseconds(20 + any(3000)), false);
  const auto disorder = static_cast<unsigned>(options_.disorder.count());
  send(next, milliseconds(disorder == 0 ? 0 : any(disorder)), true);
  if (chance(20)) send(next, milliseconds(any(20)), false);
}

void random_world::send(const stored_event& stored, milliseconds after, bool on_time) {
  wire_.push_back({now_ + after, stored, on_time});
}

void random_world::arrive(copy&& arrived) {
  auto& stored = arrived.event;
  const auto* to = channels_.find(stored.event.channel);
  // What comes too late is handled when it comes; the rest is put in order.
  const bool in_order = arrived.on_time && options_.reordered.events > 1'000;
  if (in_order && to && to->live)
    for (auto& each : stored_[stored.event.channel])
      if (each.event.seq == stored.seq) each.told = true;
  order_.stored(std::move(stored), now_);
}

// -- what was asked -----------------------------------------------------------------------------

void random_world::answer_something() {
  for (auto kind = any(4), tried = 0u; tried < 4; kind = (kind + 1) % 4, ++tried) {
    if (kind == 0 && !appends_.empty()) return answer_append();
    if (kind == 1 && !reads_.empty()) return answer_read();
    if (kind == 2 && !lasts_.empty()) return answer_last();
    if (kind == 3 && states_ > 0) return answer_state();
  }
}

void random_world::answer_append() {
  auto fence = take(appends_, 0);
  const bool said = up_ && !chance(12);
  if (said || chance(2)) {
    ++last_;
    // What is followed is active now, whatever it was before.
    channels_.for_each([&](const live_channel& each) { subscribed_.insert(each.id); });
    if (up_ && !chance(20)) send({last_, 0, fence.event}, milliseconds(0), true);
  }
  if (!said) order_.fence_failed(fence.number, refused());
}

void random_world::answer_read() {
  const auto call = take(reads_, any(static_cast<unsigned>(reads_.size())));
  if (!up_ || chance(15)) return order_.page(call.range, refused());
  cluster::log_page page;
  page.dropped = call.range.after != 0 && call.range.after < dropped_up_to_[call.channel];
  for (const auto& each : stored_[call.channel]) {
    const auto seq = each.event.seq;
    if (each.aged || seq <= call.range.after || seq > call.range.up_to) continue;
    page.more = page.events.size() == call.range.limit;
    if (page.more) break;
    page.events.push_back(each.event);
  }
  order_.page(call.range, std::move(page));
}

void random_world::answer_last() {
  const auto id = take(lasts_, 0);
  const auto* of = channels_.find(id);
  if (!up_ || !of || chance(10)) return order_.last_known(id, refused());
  const auto& history = stored_[*of->channel];
  order_.last_known(id, history.empty() ? 0 : history.back().event.seq);
}

void random_world::answer_state() {
  --states_;
  if (!up_ || chance(8)) return order_.state(refused(), now_);
  order_.state(cluster::log_state{epoch_, 1, last_}, now_);
}

// -- what befalls it ----------------------------------------------------------------------------

void random_world::come(const channel& room) {
  if (!order_.open() || channels_.find(room)) return;
  auto& fresh = channels_.add(std::make_shared<channel>(room));
  if (any(2) == 0) subscribed_.insert(fresh.id);
  order_.follow(fresh);
  order_.want_fence();
}

void random_world::go(const channel& room) {
  const auto* to = channels_.find(room);
  if (!to) return;
  live_.erase(to->id);
  for (auto& each : stored_[room]) each.done = true;
  channels_.remove(*to);
}

void random_world::go_away() {
  up_ = false;
  wire_.clear();
  order_.engine_down("by chance");
}

void random_world::come_back() {
  up_ = true;
  outage_is_known();
  order_.engine_up(now_);
}

void random_world::change_leader() {
  std::erase_if(wire_, [&](const copy&) { return any(2) == 0; });
  outage_is_known();
  order_.leader_changed();
}

/// Everything stored until now is read again before anything later goes out.
void random_world::outage_is_known() {
  for (auto& [room, history] : stored_)
    for (auto& each : history) each.told = true;
}

/// The oldest event goes; never the latest, which says that there was something.
void random_world::age(const channel& room) {
  auto& history = stored_[room];
  const auto oldest =
      std::find_if(history.begin(), history.end(), [](const record& each) { return !each.aged; });
  if (oldest == history.end() || std::next(oldest) == history.end()) return;
  oldest->aged = true;
  dropped_up_to_[room] = oldest->event.seq;
}

void random_world::begin_anew() {
  ++epoch_;
  last_ = 1 + any(5);
  stored_.clear();
  dropped_up_to_.clear();
  wire_.clear();
}

// -- what the sequencer does --------------------------------------------------------------------

void random_world::deliver(live_channel& to, publication_ptr publication) {
  if (publication->at().epoch != epoch_) return;  // it has not heard yet that this is another life
  const auto seq = publication->seq();
  const auto id = publication->at().seq;
  if (id < highest_id_) wrong("an id below one that went out", seq);
  if (seq < id || seq <= highest_id_) {
    ++late_;
    const cursor before{epoch_, std::max(highest_id_, seq)};
    const auto missed = order_.late_for(*to.channel, 0, before);
    if (highest_id_ >= seq && std::find(missed.begin(), missed.end(), publication) == missed.end())
      wrong("a late event is not remembered", seq);
  }
  if (!live_.contains(to.id)) wrong("delivered before it was live", seq);
  in_its_turn(*to.channel, seq, id);
  highest_id_ = id;
  handed_out_.push_back({*to.channel, {seq, id}});
  ++delivered_;
}

void random_world::in_its_turn(const channel& room, sequence seq, sequence id) {
  for (auto& each : stored_[room]) {
    if (each.event.seq < seq && each.missing())
      wrong("an earlier event of its room is missing", seq);
    if (each.event.seq == seq && each.done) wrong("delivered twice, or before it was live", seq);
    if (each.event.seq == seq) each.done = true;
  }
  if (id != seq) return;
  for (const auto& [other, history] : stored_) {
    const auto* to = channels_.find(other);
    if (!to || !to->live) continue;
    bool missing = false;
    for (const auto& each : history) {
      if (each.event.seq > seq) break;
      missing |= each.missing();
      if (missing && each.told) return wrong("an earlier event that is known has not left", seq);
    }
  }
}

void random_world::lost(live_channel& from, std::string_view reason) {
  ++lost_;
  const bool expired = reason == "expired";
  for (auto& each : stored_[*from.channel])
    each.lost |= expired ? each.aged : each.event.seq <= from.delivered;
}

void random_world::notice_live() {
  channels_.for_each([&](const live_channel& which) {
    if (!which.live || !live_.insert(which.id).second) return;
    for (auto& each : stored_[*which.channel]) {
      each.done = each.event.seq <= which.delivered;
      each.told = each.lost = false;
    }
  });
}

void random_world::epoch_began(const cluster::log_state& store, bool) {
  known_epoch_ = store.epoch;
  highest_id_ = store.last;
  handed_out_.clear();
  client_read_ = 0;
  client_cursor_ = store.last;
  for (auto& [room, history] : stored_)
    for (auto& each : history) each.done |= each.event.seq <= store.last;
}

void random_world::waiting_refused(const std::string&) {
  for (const auto& room : rooms_)
    if (const auto* to = channels_.find(room); to && !to->live) go(room);
}

void random_world::settled() {
  notice_live();
  if (order_.phase() != sequencer_phase::live) wrong("settled, but not live", last_);
  if (chance(4)) come(any_room());
}

void random_world::wake_reorder(milliseconds delay) {
  if (wake_) wrong("woken twice", last_);
  wake_ = now_ + delay;
}

/// It comes back with the id of what it has read, gets what is stored after that and what was
/// late, and so has everything.
void random_world::reconnect_client() {
  if (known_epoch_ != epoch_) return;
  for (std::size_t i = client_read_; i < handed_out_.size(); ++i) {
    const auto& [room, unread] = handed_out_[i];
    if (unread.seq > client_cursor_) continue;
    const auto late = order_.late_for(room, 0, {epoch_, client_cursor_});
    if (std::none_of(late.begin(), late.end(),
                     [&, seq = unread.seq](const auto& p) { return p->seq() == seq; }))
      wrong("a client that came back has missed an event", unread.seq);
  }
  client_read_ = handed_out_.size();
  client_cursor_ = order_.position().seq;
}

}  // namespace starling::actors::test::sequencing
