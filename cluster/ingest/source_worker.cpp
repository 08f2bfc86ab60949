#include "cluster/ingest/source_worker.hpp"

#include "net/base/log.hpp"

namespace starling::cluster {

namespace {

using duty = ingest_source::duty;

}  // namespace

/// A consumer that does not answer must not cost the leases of all sources.
void source_worker::look_after_all() {
  auto& all = sources_.all();
  for (auto& s : all) look_after(s);
  for (auto& s : all)
    if (pull(s))
      for (auto& each : all) look_after(each);
}

void source_worker::look_after(ingest_source& s) {
  const auto now = steady_clock::now();
  const auto& lease = s.keeper().lease();
  if (lease.expired(now)) {
    log::warn("a lease has run out", {{"source", s.config().subject}});
    sources_.end(s);
  }
  if (!link_ || link_->lost()) return;
  if (!lease.held()) {
    if (!sources_.leaving() && lease.look_due(now)) take(s);
    return;
  }
  if (sources_.leaving() && s.begin_leaving(now)) begin_handover(s);
  const bool over = s.state() == duty::leaving && s.idle() && sources_.acks() == 0;
  if (over || s.leaves_late(now)) return release(s);
  if (lease.renewal_due(now)) renew(s);
}

void source_worker::take(ingest_source& s) {
  const auto before = s.keeper().take(link_->leases(), hold_);
  if (!before) return s.complain(before.error().message);
  if (*before) sources_.begin(s, **before, link_->since());
}

void source_worker::renew(ingest_source& s) {
  const auto still_ours = s.keeper().renew(link_->leases(), hold_);
  if (!still_ours) return s.complain(still_ours.error().message);
  if (!*still_ours) sources_.end(s);
}

/// A core source goes on until its mark is back: it comes to us and to those who wait, in the midst
/// of the messages, and up to there they are ours. A stream goes on until no pull brings any more.
void source_worker::begin_handover(ingest_source& s) {
  if (s.of_stream()) {
    unlocked(hold_, [&] { link_->pulls().end(); });
    s.leave();
  } else {
    unlocked(hold_, [&] { link_->session().publish(names_.mark(s.keeper().key()), self_.str()); });
  }
}

void source_worker::release(ingest_source& s) {
  sources_.end(s);
  const auto given_back = s.keeper().give_back(link_->leases(), hold_);
  if (given_back) {
    unlocked(hold_, [&] { link_->session().publish(names_.freed(s.keeper().key()), self_.str()); });
    return;
  }
  s.complain(given_back.error().message);
  log::warn("a source is not handed over, its lease runs out", {{"source", s.config().subject}});
}

bool source_worker::pull(ingest_source& s) {
  if (!s.of_stream() || s.state() != duty::ingesting || !link_ || link_->lost()) return false;
  const bool asked = !s.stream().ready() && find_consumer(s);
  if (s.stream().ready() &&
      s.stream().begin_pull(steady_clock::now(), s.keeper().lease().valid_until()))
    unlocked(hold_, [&] { link_->pulls().ask(s.index(), s.config().stream); });
  return asked;
}

bool source_worker::find_consumer(ingest_source& s) {
  if (!s.stream().look_due(steady_clock::now())) return false;
  const auto found = unlocked(hold_, [&] { return link_->pulls().prepare(s.config().stream); });
  if (found) {
    s.all_well();
    s.stream().consumer_found(*found, steady_clock::now());
  } else {
    s.stream().consumer_away(steady_clock::now());
    s.complain(found.error().message);
  }
  return true;
}

}  // namespace starling::cluster
