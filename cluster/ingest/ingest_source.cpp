#include "cluster/ingest/ingest_source.hpp"

#include <utility>

#include "cluster/ingest/ingest_subjects.hpp"
#include "net/base/log.hpp"

namespace starling::cluster {

ingest_source::ingest_source(std::size_t index, foreign_source config, subject_pattern pattern,
                             const node_id& self, steady_time now)
    : index_(index),
      config_(std::move(config)),
      pattern_(std::move(pattern)),
      keeper_(self, ingest_subjects::key_of(config_), now),
      core_(config_.subject, config_.replayable) {}

foreign_source_state ingest_source::report() const {
  return {config_, keeper_.holder(), core_.lost()};
}

std::vector<foreign_message> ingest_source::begin(const predecessor& before,
                                                  steady_time session_since) {
  state_ = duty::ingesting;
  all_well();
  // What a dead node had been given before its lease was over comes again by now, unless NATS has
  // counted anew meanwhile.
  stream_.restart(before.died ? session_since : steady_clock::now());
  log::info("this node ingests a source",
            {{"source", config_.subject}, {"stream", config_.stream}, {"before", before.id}});
  std::vector<foreign_message> out;
  if (of_stream()) return out;
  for (auto& each : core_.take_over(before))
    if (auto one = numbered(std::move(each))) out.push_back(std::move(*one));
  return out;
}

void ingest_source::end() {
  log::info("this node no longer ingests a source",
            {{"source", config_.subject}, {"stream", config_.stream}});
  keeper_.lose(steady_clock::now());
  state_ = duty::standby;
  core_.drop();
  stream_.drop();
}

bool ingest_source::begin_leaving(steady_time now) {
  if (leave_by_ != steady_time{}) return false;
  leave_by_ = now + lease_keeper::leave_patience;
  return true;
}

bool ingest_source::leaves_late(steady_time now) const noexcept {
  return leave_by_ != steady_time{} && now > leave_by_;
}

std::optional<foreign_message> ingest_source::heard(core_source::message message) {
  if (state_ == duty::ingesting) return numbered(std::move(message));
  core_.stand_by(std::move(message));
  return std::nullopt;
}

std::optional<foreign_message> ingest_source::numbered(core_source::message message) {
  const auto number = core_.begin(message);
  if (!number) return std::nullopt;
  return foreign_message{index_, *number, std::move(message.subject), std::move(message.body),
                         std::move(message.signature)};
}

std::optional<std::string> ingest_source::settle(std::uint64_t number) {
  core_.settle(number);
  return stream_.settle(number);
}

void ingest_source::complain(const std::string& reason) {
  if (complaint_ == reason) return;
  complaint_ = reason;
  log::warn("a source of foreign messages is in trouble",
            {{"source", config_.subject}, {"stream", config_.stream}, {"reason", reason}});
}

}  // namespace starling::cluster
