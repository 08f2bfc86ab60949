#include "cluster/ingest/ingest_sources.hpp"

#include <algorithm>
#include <charconv>

#include "cluster/nats/jetstream_api.hpp"
#include "net/base/subject_pattern.hpp"

namespace starling::cluster {

namespace {

using duty = ingest_source::duty;

constexpr const char* signature_header = "X-Event-Signature";

}  // namespace

void ingest_sources::open(std::vector<foreign_source> sources, const node_id& self,
                          foreign_listener& listener) {
  listener_ = &listener;
  for (auto& each : sources) {
    auto pattern = subject_pattern::parse(each.subject);
    if (!pattern) continue;  // checked with the configuration
    sources_.emplace_back(sources_.size(), std::move(each), std::move(*pattern), self,
                          steady_clock::now());
  }
}

bool ingest_sources::all_standby() const noexcept {
  return std::all_of(sources_.begin(), sources_.end(),
                     [](const auto& s) { return s.state() == duty::standby; });
}

bool ingest_sources::holds(std::size_t source) const noexcept {
  return source < sources_.size() && sources_[source].keeper().holds(steady_clock::now());
}

void ingest_sources::begin(ingest_source& s, const predecessor& before, steady_time session_since) {
  for (auto& each : s.begin(before, session_since))
    if (listener_) listener_->on_foreign(std::move(each));
}

void ingest_sources::end(ingest_source& s) {
  s.end();
  if (listener_) listener_->on_relieved(s.index());
}

void ingest_sources::connected(steady_time since) {
  for (auto& s : sources_) {
    s.keeper().hears_since(since);
    s.stream().restart(since);
  }
}

bool ingest_sources::wants_echo() const noexcept {
  return std::any_of(sources_.begin(), sources_.end(),
                     [](const auto& s) { return !s.of_stream() && s.state() == duty::standby; });
}

std::string ingest_sources::echo_of(steady_time now) {
  return std::to_string(now.time_since_epoch().count());
}

bool ingest_sources::heard(const nats_message& message, std::string_view answers) {
  if (!listener_) return false;
  const auto subject = names_.read(message.subject());
  switch (subject.message) {
    case ingest_message::lease:
    case ingest_message::mark:
    case ingest_message::freed: return heard_of_lease(subject, message.data());
    case ingest_message::told: listener_->on_told(std::string(message.data())); return false;
    case ingest_message::of_ours:
    case ingest_message::foreign: break;
  }
  // What a pull brings has subjects of all kinds.
  if (const auto stream = names_.stream_of(message.reply()); !stream.empty())
    if (const auto place = jetstream::parse_delivery(message.reply()))
      for (auto& s : sources_)
        if (s.config().stream == stream) return pulled(s, *place, message);
  if (message.subject().starts_with(answers))
    return answered(message.subject().substr(answers.size()), message);
  if (subject.message == ingest_message::foreign) heard_core(message);
  return false;
}

bool ingest_sources::heard_of_lease(const heard_ingest_subject& subject, std::string_view value) {
  const auto s = std::find_if(sources_.begin(), sources_.end(),
                              [&](const auto& each) { return each.keeper().key() == subject.key; });
  if (s == sources_.end()) return false;
  const auto now = steady_clock::now();
  if (subject.message == ingest_message::lease) {
    s->keeper().heard(value, now);
    return false;
  }
  if (subject.message == ingest_message::freed) {
    s->keeper().heard_freed(now);
    return true;
  }
  s->keeper().heard_mark(now);
  if (!leaving_ || s->state() != duty::ingesting) return false;
  s->leave();  // the mark is our own
  return true;
}

bool ingest_sources::pulled(ingest_source& s, const jetstream::delivery& at,
                            const nats_message& message) {
  const bool pull_is_over = s.stream().arrived();
  foreign_message arrived{s.index(), at.seq, std::string(message.subject()),
                          std::string(message.data()),
                          std::string(message.header_of_any_case(signature_header))};
  auto messages = s.pulled(at.number, message.reply(), std::move(arrived), steady_clock::now());
  return hand_out(s, std::move(messages)) || pull_is_over;
}

bool ingest_sources::answered(std::string_view to, const nats_message& message) {
  if (to == echo) {
    const auto sent = message.data();
    steady_clock::rep ticks = 0;
    std::from_chars(sent.data(), sent.data() + sent.size(), ticks);
    echo_sent_ = steady_time(steady_clock::duration(ticks));
    return false;
  }
  for (auto& s : sources_) {
    if (to != std::to_string(s.index())) continue;
    const auto status = message.header("Status");
    const bool nothing_was_there = status == "404" || status == "408";
    hand_out(s, s.pull_ended(nothing_was_there, steady_clock::now()));
    return true;
  }
  return false;
}

bool ingest_sources::hand_out(ingest_source& s, stream_source::messages messages) {
  bool news = false;
  for (auto& each : messages) {
    if (s.matches(each.subject))
      listener_->on_foreign(std::move(each));
    else
      news = settle(s, each.number) || news;  // not wanted
  }
  return news;
}

void ingest_sources::heard_core(const nats_message& message) {
  const auto subject = message.subject();
  for (auto& s : sources_) {
    if (s.of_stream() || !s.matches(subject)) continue;
    auto ours =
        s.heard({steady_clock::now(), echo_sent_, std::string(subject), std::string(message.data()),
                 std::string(message.header_of_any_case(signature_header))});
    if (ours) listener_->on_foreign(std::move(*ours));
    return;
  }
}

bool ingest_sources::settle(ingest_source& s, std::uint64_t number) {
  if (auto acknowledgement = s.settle(number)) {
    acks_.push_back(std::move(*acknowledgement));
    return true;
  }
  return s.state() == duty::leaving && s.idle();
}

}  // namespace starling::cluster
