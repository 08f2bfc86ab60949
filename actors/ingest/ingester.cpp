#include "actors/ingest/ingester.hpp"

#include <utility>

#include "actors/runtime/delayed.hpp"
#include "net/base/clock.hpp"
#include "net/base/log.hpp"

namespace starling::actors {

namespace {

constexpr std::chrono::milliseconds retry_wait{100};
constexpr std::chrono::milliseconds log_interval{1000};
/// Other nodes answer within some milliseconds; those that are dead do not hold up the source.
constexpr std::chrono::milliseconds answer_wait{100};

/// The store may take it another time.
bool worth_a_retry(errc code) noexcept {
  return code == errc::unavailable || code == errc::rate_limited || code == errc::timeout;
}

}  // namespace

ingester::ingester(caf::actor_config& cfg, node_context& node,
                   std::shared_ptr<const net::rule_set> rules, ingestion_state& shared,
                   cluster::foreign_feed& feed, std::size_t source, std::string stream)
    : ingester_inbox(cfg),
      node_(node),
      rules_(std::move(rules)),
      shared_(shared),
      feed_(feed),
      source_(source),
      stream_(std::move(stream)),
      finder_(shared.tenants, rules_->tenants_may_be_unknown()),
      question_(source, node.options.id) {}

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
  auto events = finder_.find(verdict.events, asked);
  if (!events && !asked) {
    if (ask(verdict.events)) {
      unlocated_ = std::move(arrived);
      return;
    }
    events = finder_.find(verdict.events, true);
  }
  if (!events)
    return refuse(number, net::mapping_result::bad, verdict.rule, arrived.subject,
                  "nothing tells its tenant");
  auto out = ingest_events(std::move(*events), stream_, number, shared_.tenants);
  out.rule = verdict.rule;
  out.subject = std::move(arrived.subject);
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

// ---- whose it is ----

/// False when there is nobody to ask, or it was asked a moment ago.
bool ingester::ask(const std::vector<net::mapped_event>& about) {
  if (node_.other_nodes == 0) return false;
  auto words = question_.ask(about, steady_clock::now());
  if (!words) return false;
  feed_.tell(std::move(*words));
  send_after(home(), answer_wait, self(), tenants_overdue{question_.number()});
  return true;
}

void ingester::on(tenants_told& told) {
  const auto heard = question_.read(told.words);
  switch (heard.kind) {
    case tenant_question::kind::other: return;
    case tenant_question::kind::question:
      if (source_ != 0) return;  // one answers for all sources of this node
      return feed_.tell(tenant_question::answer(heard, shared_.tenants.answer(heard.lines)));
    case tenant_question::kind::facts: break;
  }
  shared_.tenants.learn(heard.lines);
  if (!heard.current || !unlocated_ || question_.count_answer() < node_.other_nodes) return;
  tenants_overdue all_there{question_.number()};
  on(all_there);
}

void ingester::on(tenants_overdue& late) {
  if (late.question != question_.number() || !unlocated_) return;
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
    if (!of.changes[i].done && may_go(of)) change_member(number, i, of);
  for (std::size_t i = 0; i < of.events.size(); ++i)
    if (!of.events[i].done && may_go(of)) publish_event(number, i, of);
  --of.outstanding;
  settle_if_complete(number);
}

/// Nothing more is sent before what is to be tried again.
bool ingester::may_go(ingested_message& of) const {
  of.failed = of.failed || *not_taken_;
  return !of.failed;
}

void ingester::publish_event(std::uint64_t number, std::size_t index, ingested_message& of) {
  auto& one = of.events[index];
  if (one.ephemeral) {
    if (node_.asks_sources() && one.event.channel.kind == channel_kind::room)
      node_.roster.send(room_named{one.event.channel.tenant, one.event.channel.name, 0, true});
    const auto sent = node_.engine->messages().send_ephemeral(one.event);
    return handed_in(of, one, sent ? nullptr : &sent.error(), false);
  }
  ++of.outstanding;
  node_.engine->history_of(one.event.channel.tenant)
      .append(one.event, [me = self(), term = term_, number, index,
                          not_taken = not_taken_](result<cluster::append_ack> ack) {
        if (!ack && worth_a_retry(ack.error().code)) *not_taken = true;
        me.send(mapped_stored{term, number, index, std::move(ack)});
      });
}

void ingester::change_member(std::uint64_t number, std::size_t index, ingested_message& of) {
  auto& one = of.changes[index];
  ++of.outstanding;
  const auto answer = [me = self(), term = term_, number, index,
                       not_taken = not_taken_](const auto& stored) {
    if (!stored && worth_a_retry(stored.error().code)) *not_taken = true;
    me.send(member_changed{term, number, index,
                           stored ? result<void>() : result<void>(stored.error())});
  };
  if (!one.add)
    return node_.engine->roster().erase(one.entry.tenant, one.entry.room, one.entry.user, answer);
  // What was said before is not the new member's.
  one.entry.since_seq = node_.here(one.entry.tenant).seq;
  node_.engine->roster().put(one.entry, answer);
}

void ingester::handed_in(ingested_message& of, ingested_message::outgoing& one,
                         const error* failure, bool duplicate) {
  if (failure && worth_a_retry(failure->code)) {
    of.failed = *not_taken_ = true;
    return;
  }
  one.done = true;
  if (failure) {
    of.refused = true;
    metrics().publish_refused(failure->code);
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
  // Of an earlier duty it comes while answers are awaited: when they are there, another one comes.
  if (!feed_.holds(source_) || under_way_ > 0) return;
  *not_taken_ = false;
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
  not_taken_ = std::make_shared<std::atomic<bool>>(false);  // late answers have the former one
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
