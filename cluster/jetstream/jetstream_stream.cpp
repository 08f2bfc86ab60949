#include "cluster/jetstream/jetstream_stream.hpp"

#include <algorithm>
#include <thread>

#include "cluster/nats/nats_turn.hpp"
#include "cluster/nats/store_marks.hpp"
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

std::string description_of(const jsStreamConfig& config) {
  return config.Description ? config.Description : "";
}

/// Microseconds, so that two lives of a store that is deleted and made anew never share one.
epoch_id fresh_epoch() { return static_cast<epoch_id>(wall_ns() / 1000); }

/// Error only when looking again is of no use.
result<void> create(jsCtx* js, const nats_options& options, const subjects& names, partition_id p) {
  const auto source = names.stream_source(p);
  const auto destination = names.stream_destination(p);
  const auto& stream = names.stream(p);
  const auto description = with_epoch(with_partitions({}, names.partitions()), fresh_epoch());
  const char* sources[] = {source.c_str()};
  jsRePublish republish;
  jsRePublish_Init(&republish);
  republish.Source = source.c_str();
  republish.Destination = destination.c_str();
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = stream.c_str();
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
  if (status != NATS_OK) return failed("stream '" + stream + "' cannot be created", status);
  log::info("stream created", {{"stream", stream}, {"replicas", options.replicas}});
  return {};
}

/// Nodes that do this at the same time write the same.
result<void> give_epoch(jsCtx* js, const jsStreamInfo& info, std::size_t partitions) {
  const std::string stream = info.Config->Name;
  const auto epoch = static_cast<epoch_id>(info.Created / 1'000'000);
  std::string description = description_of(*info.Config);
  if (!find_partitions(description)) description = with_partitions(description, partitions);
  description = with_epoch(description, epoch);
  jsStreamConfig config = *info.Config;
  config.Description = description.c_str();
  const auto status = js_UpdateStream(nullptr, js, &config, nullptr, nullptr);
  if (status != NATS_OK)
    return failed("stream '" + stream + "' has no epoch in its description and cannot be given one",
                  status);
  log::info("stream without an epoch was given one", {{"stream", stream}, {"epoch", epoch}});
  return {};
}

bool republishes_to(const jsStreamConfig& config, const std::string& destination) {
  return config.RePublish && config.RePublish->Destination &&
         destination == config.RePublish->Destination;
}

result<void> must_republish(const jsStreamConfig& config, const std::string& destination) {
  if (republishes_to(config, destination)) return {};
  return error{errc::unavailable, std::string("stream '")
                                      .append(config.Name)
                                      .append("' exists but does not republish to '")
                                      .append(destination)
                                      .append("'; delete it or configure another stream name")};
}

/// What is known of one stream while all are looked at.
struct progress {
  epoch_id seen = 0;
  bool given = false;
  bool settled = false;
};

/// Looks at the streams of all partitions until each stands.
class setup {
 public:
  setup(jsCtx* js, nats_session& session, const nats_options& options,
        const std::vector<epoch_id>& known)
      : js_(js),
        session_(session),
        options_(options),
        known_(known),
        names_(options.stream, options.partitions),
        streams_(options.partitions),
        our_turn_(!perhaps_clustered(session, options)) {}

  result<std::vector<epoch_id>> run();

 private:
  /// Error: it is of no use to look again.
  result<void> look_at(std::size_t i);
  void pause();

  jsCtx* const js_;
  nats_session& session_;
  const nats_options& options_;
  const std::vector<epoch_id>& known_;
  const subjects names_;
  std::vector<progress> streams_;
  /// Servers of a cluster may take several orders before they have carried out the first, whose
  /// epoch is then replaced: so one node creates, and what it wrote is looked at twice.
  bool our_turn_;
  bool missing_ = false;  ///< one, and it is not our turn to create it
  bool young_ = false;    ///< an epoch that must stay for a while
};

result<std::vector<epoch_id>> setup::run() {
  for (int look = 0; look < most_looks; ++look) {
    missing_ = young_ = false;
    bool all = true;
    for (std::size_t i = 0; i < streams_.size(); ++i) {
      if (!streams_[i].settled)
        if (const auto seen = look_at(i); !seen.ok()) return seen.error();
      all = all && streams_[i].settled;
    }
    if (all) {
      std::vector<epoch_id> out;
      for (const auto& stream : streams_) out.push_back(stream.seen);
      return out;
    }
    pause();
  }
  return error{errc::unavailable, "stream '" + options_.stream + "' is being created by another"};
}

result<void> setup::look_at(std::size_t i) {
  auto& stream = streams_[i];
  const partition_id p{static_cast<std::uint8_t>(i)};
  jsStreamInfo* raw = nullptr;
  const auto status = js_GetStreamInfo(&raw, js_, names_.stream(p).c_str(), nullptr, nullptr);
  const info_ptr info(raw);
  if (status == NATS_NOT_FOUND) {
    stream.seen = 0;
    if (our_turn_) return create(js_, options_, names_, p);
    missing_ = true;
    return {};
  }
  if (status != NATS_OK) return failed("JetStream does not answer", status);
  if (const auto ours = must_republish(*info->Config, names_.stream_destination(p)); !ours.ok())
    return ours.error();

  const auto epoch = find_epoch(description_of(*info->Config));
  if (!epoch) {
    stream.given = true;
    return give_epoch(js_, *info, names_.partitions());
  }
  jsStreamConfig wanted = *info->Config;
  apply(wanted, options_);
  update_if_needed(js_, *info->Config, wanted);
  const bool may_change = stream.given || info->Cluster;
  const bool known = i < known_.size() && *epoch == known_[i];
  stream.settled = known || *epoch == stream.seen || !may_change;
  young_ = young_ || !stream.settled;
  stream.seen = *epoch;
  return {};
}

void setup::pause() {
  if (missing_) our_turn_ = take_turn(session_, names_.turns());
  if (young_ || (missing_ && !our_turn_)) std::this_thread::sleep_for(settle_time);
}

std::string counted(std::size_t partitions) {
  return std::to_string(partitions) + (partitions == 1 ? " partition" : " partitions");
}

error mismatch(const nats_options& options, std::optional<std::size_t> present,
               const std::string& stream) {
  const auto has = present ? counted(*present) : std::string("several partitions");
  return {errc::conflict,
          "the store '" + options.stream + "' has " + has + " (its stream '" + stream +
              "' says so), and nats.partitions = " + std::to_string(options.partitions) +
              " is configured; either configure what it has, or stop all nodes, delete its streams"
              " and begin anew: the history is lost then, the roster stays"};
}

}  // namespace

bool perhaps_clustered(const nats_session& session, const nats_options& options) {
  return options.replicas > 1 || session.known_servers().size() > 1;
}

result<void> check_partitions(jsCtx* js, const nats_options& options) {
  const auto look = [&](const subjects& names, partition_id p) -> result<void> {
    const auto& stream = names.stream(p);
    jsStreamInfo* raw = nullptr;
    const auto status = js_GetStreamInfo(&raw, js, stream.c_str(), nullptr, nullptr);
    const info_ptr info(raw);
    if (status == NATS_NOT_FOUND) return {};
    if (status != NATS_OK) return failed("JetStream does not answer", status);
    // Others may have streams of such a name.
    if (!republishes_to(*info->Config, names.stream_destination(p))) return {};
    const bool same_layout = (names.partitions() == 1) == (options.partitions == 1);
    auto present = find_partitions(description_of(*info->Config));
    if (names.partitions() == 1) present = 1;
    if (same_layout && present.value_or(options.partitions) == options.partitions) return {};
    return mismatch(options, present, stream);
  };
  // A store of one partition has other names than one of several: both are looked for.
  const subjects names(options.stream, options.partitions);
  const subjects others(options.stream, options.partitions == 1 ? 2 : 1);
  if (const auto none = look(others, partition_id{0}); !none.ok()) return none;
  for (std::size_t i = 0; i < names.partitions(); ++i)
    if (const auto fits = look(names, partition_id{static_cast<std::uint8_t>(i)}); !fits.ok())
      return fits;
  return {};
}

result<std::vector<epoch_id>> ensure_streams(jsCtx* js, nats_session& session,
                                             const nats_options& options,
                                             const std::vector<epoch_id>& known) {
  return setup(js, session, options, known).run();
}

}  // namespace starling::cluster::jetstream
