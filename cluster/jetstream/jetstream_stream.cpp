#include "cluster/jetstream/jetstream_stream.hpp"

#include <algorithm>
#include <thread>

#include "cluster/jetstream/jetstream_api.hpp"
#include "cluster/nats/nats_turn.hpp"
#include "cluster/subjects.hpp"
#include "net/base/clock.hpp"
#include "net/base/log.hpp"

namespace starling::cluster::jetstream {

namespace {

using std::chrono::nanoseconds;

/// nats-server refuses a shorter window.
constexpr nanoseconds shortest_window = std::chrono::milliseconds(100);
/// Between two looks at the stream.
constexpr std::chrono::milliseconds settle_time{250};
constexpr int most_looks = 12;

nanoseconds dedupe_window(const history_limits& limits) {
  nanoseconds window = limits.dedupe_window;
  if (limits.max_age.count() != 0) window = std::min<nanoseconds>(window, limits.max_age);
  return std::max(window, shortest_window);
}

/// Sets what Starling decides about its stream; everything else stays as it is.
void apply(jsStreamConfig& config, const nats_options& options) {
  const auto& limits = options.limits;
  config.Replicas = options.replicas;
  config.MaxAge = nanoseconds(limits.max_age).count();
  config.MaxMsgsPerSubject = limits.max_events_per_channel == 0
                                 ? -1
                                 : static_cast<std::int64_t>(limits.max_events_per_channel);
  config.Duplicates = dedupe_window(limits).count();
  config.Discard = js_DiscardOld;
  config.AllowDirect = true;
}

/// Microseconds, so that two lives of a store that is deleted and made anew never share one.
epoch_id fresh_epoch() { return static_cast<epoch_id>(wall_ns() / 1000); }

/// Error only when looking again is of no use.
result<void> create(jsCtx* js, const nats_options& options) {
  const subjects names(options.stream);
  const auto source = names.stream_source();
  const auto destination = names.stream_destination();
  const auto description = with_epoch({}, fresh_epoch());
  const char* sources[] = {source.c_str()};
  jsRePublish republish;
  jsRePublish_Init(&republish);
  republish.Source = source.c_str();
  republish.Destination = destination.c_str();
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = options.stream.c_str();
  config.Description = description.c_str();
  config.Subjects = sources;
  config.SubjectsLen = 1;
  config.Retention = js_LimitsPolicy;
  config.Storage = js_FileStorage;
  config.RePublish = &republish;
  apply(config, options);

  jsErrCode code{};
  const auto status = js_AddStream(nullptr, js, &config, nullptr, &code);
  if (status != NATS_OK && code == JSStreamNameExistErr) return {};  // another node was quicker
  if (status != NATS_OK) return failed("stream '" + options.stream + "' cannot be created", status);
  log::info("stream created", {{"stream", options.stream}, {"replicas", options.replicas}});
  return {};
}

/// Nodes that do this at the same time write the same.
result<void> give_epoch(jsCtx* js, const jsStreamInfo& info) {
  const std::string stream = info.Config->Name;
  const auto epoch = static_cast<epoch_id>(info.Created / 1'000'000);
  const auto* const present = info.Config->Description;
  const auto description = with_epoch(present ? present : "", epoch);
  jsStreamConfig config = *info.Config;
  config.Description = description.c_str();
  const auto status = js_UpdateStream(nullptr, js, &config, nullptr, nullptr);
  if (status != NATS_OK)
    return failed("stream '" + stream + "' has no epoch in its description and cannot be given one",
                  status);
  log::info("stream without an epoch was given one", {{"stream", stream}, {"epoch", epoch}});
  return {};
}

result<void> must_republish(const jsStreamConfig& config, const nats_options& options) {
  const auto destination = subjects(options.stream).stream_destination();
  if (config.RePublish && config.RePublish->Destination &&
      destination == config.RePublish->Destination)
    return {};
  return error{errc::unavailable, "stream '" + options.stream +
                                      "' exists but does not republish to '" + destination +
                                      "'; delete it or configure another stream name"};
}

}  // namespace

bool perhaps_clustered(const nats_session& session, const nats_options& options) {
  return options.replicas > 1 || session.known_servers().size() > 1;
}

result<epoch_id> ensure_stream(jsCtx* js, const nats_session& session, const nats_options& options,
                               epoch_id known) {
  // Servers of a cluster may take several orders before they have carried out the first, whose
  // epoch is then replaced: so one node creates, and what it wrote is looked at twice.
  bool our_turn = !perhaps_clustered(session, options);
  bool given = false;
  epoch_id seen = 0;
  for (int look = 0; look < most_looks; ++look) {
    jsStreamInfo* raw = nullptr;
    const auto status = js_GetStreamInfo(&raw, js, options.stream.c_str(), nullptr, nullptr);
    const info_ptr info(raw);
    if (status == NATS_NOT_FOUND) {
      seen = 0;
      if (our_turn) {
        if (const auto made = create(js, options); !made.ok()) return made.error();
      } else {
        our_turn = take_turn(session, subjects(options.stream).turns());
        if (!our_turn) std::this_thread::sleep_for(settle_time);
      }
      continue;
    }
    if (status != NATS_OK) return failed("JetStream does not answer", status);
    if (const auto ours = must_republish(*info->Config, options); !ours.ok()) return ours.error();

    const auto* const description = info->Config->Description;
    const auto epoch = find_epoch(description ? description : "");
    if (!epoch) {
      if (const auto made = give_epoch(js, *info); !made.ok()) return made.error();
      given = true;
      continue;
    }
    jsStreamConfig wanted = *info->Config;
    apply(wanted, options);
    update_if_needed(js, *info->Config, wanted);
    const bool may_change = given || info->Cluster;
    if (*epoch == known || *epoch == seen || !may_change) return *epoch;
    seen = *epoch;
    std::this_thread::sleep_for(settle_time);
  }
  return error{errc::unavailable, "stream '" + options.stream + "' is being created by another"};
}

}  // namespace starling::cluster::jetstream
