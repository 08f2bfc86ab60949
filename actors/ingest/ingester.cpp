#include "actors/ingest/ingester.hpp"

#include <algorithm>
#include <utility>

#include "actors/runtime/delayed.hpp"
#include "net/base/clock.hpp"
#include "net/base/log.hpp"
#include "net/base/user_mark.hpp"

namespace starling::actors {

namespace {

constexpr std::chrono::milliseconds retry_wait{100};
constexpr std::chrono::milliseconds log_interval{1000};
/// Other nodes answer within some milliseconds; those that are dead do not hold up the source.
constexpr std::chrono::milliseconds answer_wait{100};
constexpr std::chrono::seconds ask_again{5};
constexpr std::size_t most_asked = 10'000;

/// The store may take it another time.
bool worth_a_retry(errc code) noexcept {
  return code == errc::unavailable || code == errc::rate_limited || code == errc::timeout;
}

}  // namespace

ingester::ingester(caf::actor_config& cfg, node_context& node,
                   std::shared_ptr<const net::rule_set> rules, ingestion_state& shared,
                   cluster::foreign_feed& feed, std::size_t source, std::string stream)
    : ingest_inbox(cfg),
      node_(node),
      rules_(std::move(rules)),
      shared_(shared),
      feed_(feed),
      source_(source),
      stream_(std::move(stream)) {}

void ingester::on(foreign_arrived& arrived) {
  if (held_back())
    waiting_.push_back(std::move(arrived.message));
  else
    take(arrived.message, false);
}

void ingester::take(cluster::foreign_message& arrived, bool asked) {
  const auto number = arrived.number;
  if (!feed_.holds(source_)) return;  // whoever ingests now has it, or will
  auto verdict = rules_->apply({stream_, arrived.subject, arrived.body, arrived.signature});
  if (verdict.result != net::mapping_result::ok)
    return refuse(number, verdict.result, verdict.rule, arrived.subject, verdict.reason);
  auto events = located(verdict.events, asked);
  if (!events && !asked) {
    if (ask(verdict.events)) {
      unlocated_ = std::move(arrived);
      return;
    }
    events = located(verdict.events, true);
  }
  if (!events)
    return refuse(number, net::mapping_result::bad, verdict.rule, arrived.subject,
                  "nothing tells its tenant");
  message out;
  out.rule = verdict.rule;
  out.subject = std::move(arrived.subject);
  for (std::size_t i = 0; i < events->size(); ++i) {
    auto& event = (*events)[i];
    if (event.members != net::member_change::none)
      for (const auto& room : event.rooms)
        for (const auto& user : event.users)
          out.changes.push_back({{*event.tenant, room, user, wall_ms(), 0},
                                 event.members == net::member_change::add});
    if (event.name.empty()) continue;
    // One of ours where the message has none, so that it can be tried again. Of a stream it is the
    // same on every node.
    if (event.id.empty())
      event.id = stream_.empty() ? make_event_id()
                                 : stream_ + '-' + std::to_string(number) +
                                       (i == 0 ? "" : '-' + std::to_string(i));
    add_event(out, event);
  }
  messages_.insert_or_assign(number, std::move(out));
  publish(number);
}

void ingester::go_on() {
  for (auto& each : std::exchange(waiting_, {})) {
    if (held_back())
      waiting_.push_back(std::move(each));
    else
      take(each, false);
  }
}

void ingester::add_event(message& to, net::mapped_event& from) const {
  event out;
  out.channel.tenant = *from.tenant;
  out.id = std::move(from.id);
  out.id_given = true;
  out.name = std::move(from.name);
  out.data = std::move(from.data);
  out.data_is_text = from.data_is_text;
  out.accepted_ns = wall_ns();
  // Who comes or goes is told as a user: in the room he is not yet, or no longer, for sure.
  const bool apart = from.members != net::member_change::none;
  std::vector<session_id> exclude;
  for (const auto& user : from.exclude) exclude.push_back(user_mark(user));
  if (apart && !from.everyone)
    for (const auto& user : from.users) exclude.push_back(user_mark(user));
  out.exclude = std::move(exclude);
  bool first = true;
  const auto add = [&](channel_kind kind, const std::string& name) {
    out.channel.kind = kind;
    out.channel.name = name;
    to.events.push_back({out, from.ephemeral, std::exchange(first, false)});
  };
  if (from.everyone) return add(channel_kind::all, tenant_channel(*from.tenant).name);
  const shared_list<std::string> rooms(from.rooms);
  for (std::size_t at = 0; at < rooms.size(); ++at) {
    out.earlier_targets = rooms.first(at);
    add(channel_kind::room, rooms[at]);
  }
  out.earlier_targets = rooms;
  if (apart) {
    out.exclude = {};
    out.earlier_targets = {};
  } else {
    spare_members(from);
  }
  for (const auto& user : from.users) add(channel_kind::user, user);
}

/// Members of the rooms have the event there, and whoever has left is no member whatever the
/// message says.
void ingester::spare_members(net::mapped_event& event) const {
  std::erase_if(event.users, [&](const std::string& user) {
    return std::any_of(event.rooms.begin(), event.rooms.end(), [&](const std::string& room) {
      return shared_.tenants.is_member(*event.tenant, room, user) ||
             shared_.tenants.has_left(*event.tenant, room, user);
    });
  });
}

// ---- whose it is ----

std::optional<std::vector<net::mapped_event>> ingester::located(
    std::vector<net::mapped_event>& events, bool asked) const {
  std::vector<net::mapped_event> out;
  for (auto& event : events)
    if (!locate(event, asked, out)) return std::nullopt;
  return out;
}

bool ingester::locate(net::mapped_event& event, bool asked,
                      std::vector<net::mapped_event>& out) const {
  auto& directory = shared_.tenants;
  const auto in = [&](const tenant_id& tenant) {
    out.push_back(event);
    out.back().tenant = tenant;
  };
  if (event.tenant && event.tenant->str() == "*") {
    if (!asked) return false;  // others may know of more
    for (const auto& tenant : directory.tenants()) in(tenant);
    return true;
  }
  if (event.tenant) {
    if (rules_->tenants_may_be_unknown())
      for (const auto& room : event.rooms) directory.room_seen(*event.tenant, room);
    in(*event.tenant);
    return true;
  }
  for (const auto& room : event.rooms)
    if (const auto found = directory.of_room(room); found.size() == 1) {
      in(found.front());
      return true;
    }
  // By its people: those of one tenant make it that tenant's; of several, each gets a copy.
  std::vector<tenant_id> tenants;
  std::vector<std::vector<std::string>> users;
  for (const auto* people : {&event.users, &event.about, &event.exclude})
    for (const auto& user : *people) {
      const auto theirs = directory.of_user(user);
      if (theirs.empty() && !asked && people == &event.users) return false;  // others may know
      for (const auto& tenant : theirs) {
        const auto at = static_cast<std::size_t>(std::find(tenants.begin(), tenants.end(), tenant) -
                                                 tenants.begin());
        if (at == tenants.size()) {
          tenants.push_back(tenant);
          users.emplace_back();
        }
        if (people == &event.users) users[at].push_back(user);
      }
    }
  if (tenants.size() == 1) {
    for (const auto& room : event.rooms) directory.room_seen(tenants.front(), room);
    in(tenants.front());
    return true;
  }
  if (event.everyone) return false;
  bool reached = false;
  for (std::size_t i = 0; i < tenants.size(); ++i) {
    if (users[i].empty()) continue;
    in(tenants[i]);
    out.back().rooms.clear();
    out.back().users = std::move(users[i]);
    out.back().members = net::member_change::none;
    reached = true;
  }
  return reached;
}

bool ingester::ask(const std::vector<net::mapped_event>& about) {
  if (node_.other_nodes == 0) return false;
  std::string names;
  bool everybody = false;
  for (const auto& event : about) {
    if (event.tenant && event.tenant->str() == "*") {
      names.append("tenants\n");
      everybody = true;
    }
    for (const auto& room : event.rooms) names.append("room ").append(room).append(1, '\n');
    for (const auto* people : {&event.users, &event.about, &event.exclude})
      for (const auto& user : *people) names.append("user ").append(user).append(1, '\n');
  }
  // Who is not known may be asked for again and again; what goes to everybody is rare.
  if (!everybody) {
    const auto now = steady_clock::now();
    if (asked_.size() >= most_asked) asked_.clear();
    auto& last = asked_[names];
    if (last != steady_time{} && now - last < ask_again) return false;
    last = now;
  }
  answers_ = 0;
  feed_.tell("ask " + std::to_string(source_) + ' ' + std::to_string(++question_) + ' ' +
             node_.options.id.str() + '\n' + names);
  send_after(home(), answer_wait, self(), tenants_overdue{question_});
  return true;
}

void ingester::on(tenants_told& told) {
  const auto end = told.words.find('\n');
  if (end == told.words.npos) return;
  const auto head = told.words.substr(0, end);
  const auto rest = std::string_view(told.words).substr(end + 1);
  const auto id = head.substr(head.rfind(' ') + 1);
  const bool mine = id == node_.options.id.str();
  if (head.starts_with("ask ") && !mine && source_ == 0)
    return feed_.tell("facts" + head.substr(3) + '\n' + shared_.tenants.answer(rest));
  if (!head.starts_with("facts ") || !mine) return;
  shared_.tenants.learn(rest);
  const auto expected =
      "facts " + std::to_string(source_) + ' ' + std::to_string(question_) + ' ' + id;
  if (head != expected || !unlocated_ || ++answers_ < node_.other_nodes) return;
  tenants_overdue all_there{question_};
  on(all_there);
}

void ingester::on(tenants_overdue& late) {
  if (late.question != question_ || !unlocated_) return;
  auto message = std::move(*unlocated_);
  unlocated_.reset();
  take(message, true);
  go_on();
}

// ---- to the store ----

void ingester::publish(std::uint64_t number) {
  auto& of = messages_.at(number);
  of.failed = false;
  ++under_way_;
  of.outstanding = 1;  // this call: answers may come before it returns
  for (std::size_t i = 0; i < of.changes.size(); ++i)
    if (!of.changes[i].done) change_member(number, i, of);
  for (std::size_t i = 0; i < of.events.size(); ++i)
    if (!of.events[i].done) publish_event(number, i, of);
  --of.outstanding;
  settle_if_complete(number);
}

void ingester::publish_event(std::uint64_t number, std::size_t index, message& of) {
  auto& one = of.events[index];
  if (one.ephemeral) {
    if (node_.asks_sources() && one.event.channel.kind == channel_kind::room)
      node_.roster.send(room_named{one.event.channel.tenant, one.event.channel.name, 0, true});
    const auto sent = node_.engine->messages().send_ephemeral(one.event);
    return handed_in(of, one, sent ? nullptr : &sent.error(), false);
  }
  ++of.outstanding;
  node_.engine->history_of(one.event.channel.tenant)
      .append(one.event, one.event.id,
              [me = self(), term = term_, number, index](result<cluster::append_ack> ack) {
                me.send(mapped_stored{term, number, index, std::move(ack)});
              });
}

void ingester::change_member(std::uint64_t number, std::size_t index, message& of) {
  auto& one = of.changes[index];
  ++of.outstanding;
  const auto answer = [me = self(), term = term_, number, index](const auto& stored) {
    me.send(member_changed{term, number, index,
                           stored ? result<void>() : result<void>(stored.error())});
  };
  if (!one.add)
    return node_.engine->roster().erase(one.entry.tenant, one.entry.room, one.entry.user, answer);
  // What was said before is not the new member's.
  one.entry.since_seq = node_.here(one.entry.tenant).seq;
  node_.engine->roster().put(one.entry, answer);
}

void ingester::handed_in(message& of, outgoing& one, const error* failure, bool duplicate) {
  if (failure && worth_a_retry(failure->code)) {
    of.failed = true;
    return;
  }
  one.done = true;
  if (failure) {
    of.refused = true;
    metrics().publish_errors[static_cast<std::size_t>(failure->code)].add();
    return log_refusal(of.rule, of.subject, failure->message);
  }
  if (duplicate) return;
  of.fresh = true;
  if (one.counts) metrics().events_in[static_cast<std::size_t>(event_source::mapping)].add();
}

void ingester::on(mapped_stored& done) {
  const auto found = messages_.find(done.number);
  if (done.term != term_ || found == messages_.end()) return;
  auto& of = found->second;
  const auto& channel = of.events[done.index].event.channel;
  if (done.ack && node_.asks_sources() && channel.kind == channel_kind::room)
    node_.roster.send(room_named{channel.tenant, channel.name, done.ack->seq, true});
  handed_in(of, of.events[done.index], done.ack ? nullptr : &done.ack.error(),
            done.ack && done.ack->duplicate);
  --of.outstanding;
  settle_if_complete(done.number);
}

void ingester::on(member_changed& done) {
  const auto found = messages_.find(done.number);
  if (done.term != term_ || found == messages_.end()) return;
  auto& of = found->second;
  const auto& entry = of.changes[done.index].entry;
  if (done.outcome && node_.tell_of_membership)
    node_.tell_of_membership({entry.tenant, entry.user, entry.room});
  if (done.outcome)
    of.changes[done.index].done = true;
  else if (worth_a_retry(done.outcome.error().code))
    of.failed = true;
  else
    log_refusal(of.rule, of.subject, done.outcome.error().message);
  if (of.events.empty()) of.fresh = true;
  --of.outstanding;
  settle_if_complete(done.number);
}

void ingester::settle_if_complete(std::uint64_t number) {
  const auto& of = messages_.at(number);
  if (of.outstanding > 0) return;
  --under_way_;
  if (of.failed) {
    retries_.insert(number);
  } else {
    const auto result = of.refused ? net::mapping_result::bad
                        : of.fresh ? net::mapping_result::ok
                                   : net::mapping_result::duplicate;
    const auto rule = of.rule;
    messages_.erase(number);
    finish(number, result, rule);
  }
  if (retries_.empty() || under_way_ > 0 || std::exchange(retry_on_its_way_, true)) return;
  send_after(home(), retry_wait, self(), retry_mapped{});
}

void ingester::on(retry_mapped&) {
  retry_on_its_way_ = false;
  if (!feed_.holds(source_)) return;
  for (const auto number : std::exchange(retries_, {})) publish(number);
  go_on();
}

void ingester::on(source_relieved&) {
  ++term_;
  messages_.clear();
  retries_.clear();
  waiting_.clear();
  unlocated_.reset();
  under_way_ = 0;
}

void ingester::finish(std::uint64_t number, net::mapping_result result,
                      std::optional<std::size_t> rule) {
  shared_.counts.add(result, rule);
  feed_.settle(source_, number);
}

void ingester::refuse(std::uint64_t number, net::mapping_result result,
                      std::optional<std::size_t> rule, const std::string& subject,
                      const std::string& reason) {
  finish(number, result, rule);
  if (result != net::mapping_result::skipped) log_refusal(rule, subject, reason);
}

void ingester::log_refusal(std::optional<std::size_t> rule, const std::string& subject,
                           const std::string& reason) {
  // What the payload has is not for the log.
  const auto named = reason.substr(0, reason.rfind(", got "));
  const auto now = steady_clock::now();
  if (now - logged_ < log_interval) {
    ++not_logged_;
    return;
  }
  logged_ = now;
  log::warn("a foreign message is refused",
            {{"subject", subject},
             {"rule", rule ? std::to_string(*rule + 1) : std::string("none")},
             {"reason", named},
             {"others since", std::exchange(not_logged_, 0)}});
}

shard_metrics& ingester::metrics() const {
  return home() ? home()->loop().metrics() : *node_.home_metrics;
}

}  // namespace starling::actors
