#include "cluster/jetstream_setup.hpp"

#include <algorithm>
#include <memory>
#include <string>

#include "cluster/subjects.hpp"
#include "net/base/log.hpp"

namespace starling::cluster {

namespace {

using std::chrono::nanoseconds;

constexpr std::int64_t api_timeout_ms = 3000;
/// nats-server refuses a shorter window.
constexpr nanoseconds shortest_window = std::chrono::milliseconds(100);

struct js_deleter {
  void operator()(jsCtx* js) const noexcept { jsCtx_Destroy(js); }
  void operator()(jsStreamInfo* info) const noexcept { jsStreamInfo_Destroy(info); }
  void operator()(kvStore* store) const noexcept { kvStore_Destroy(store); }
};
using js_ptr = std::unique_ptr<jsCtx, js_deleter>;
using info_ptr = std::unique_ptr<jsStreamInfo, js_deleter>;

error failed(const std::string& what, natsStatus status) {
  const char* detail = nats_GetLastError(nullptr);
  std::string message = what + ": " + natsStatus_GetText(status);
  if (detail && *detail) message.append(" (").append(detail).append(")");
  return {errc::unavailable, message};
}

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

bool same(const jsStreamConfig& a, const jsStreamConfig& b) {
  return a.Replicas == b.Replicas && a.MaxAge == b.MaxAge &&
         a.MaxMsgsPerSubject == b.MaxMsgsPerSubject && a.Duplicates == b.Duplicates &&
         a.Discard == b.Discard && a.AllowDirect == b.AllowDirect;
}

result<epoch_id> create(jsCtx* js, const nats_options& options) {
  const subjects names(options.stream);
  const auto source = names.stream_source();
  const auto destination = names.stream_destination();
  const char* sources[] = {source.c_str()};
  jsRePublish republish;
  jsRePublish_Init(&republish);
  republish.Source = source.c_str();
  republish.Destination = destination.c_str();
  jsStreamConfig config;
  jsStreamConfig_Init(&config);
  config.Name = options.stream.c_str();
  config.Subjects = sources;
  config.SubjectsLen = 1;
  config.Retention = js_LimitsPolicy;
  config.Storage = js_FileStorage;
  config.RePublish = &republish;
  apply(config, options);

  jsStreamInfo* info = nullptr;
  const auto status = js_AddStream(&info, js, &config, nullptr, nullptr);
  const info_ptr guard(info);
  if (status != NATS_OK) return failed("stream '" + options.stream + "' cannot be created", status);
  log::info("stream created", {{"stream", options.stream}, {"replicas", options.replicas}});
  return static_cast<epoch_id>(info->Created / 1'000'000);
}

void update_if_needed(jsCtx* js, const jsStreamConfig& present, jsStreamConfig wanted) {
  if (same(present, wanted)) return;
  const std::string stream = wanted.Name;
  const auto status = js_UpdateStream(nullptr, js, &wanted, nullptr, nullptr);
  if (status == NATS_OK) {
    log::info("stream limits updated", {{"stream", stream}});
  } else {
    log::warn("the stream keeps other limits than configured",
              {{"reason", failed("stream '" + stream + "'", status).message}});
  }
}

result<epoch_id> ensure_stream(jsCtx* js, const nats_options& options) {
  jsStreamInfo* info = nullptr;
  const auto status = js_GetStreamInfo(&info, js, options.stream.c_str(), nullptr, nullptr);
  const info_ptr guard(info);
  if (status == NATS_NOT_FOUND) return create(js, options);
  if (status != NATS_OK) return failed("JetStream does not answer", status);

  const subjects names(options.stream);
  const auto* republish = info->Config->RePublish;
  if (!republish || !republish->Destination ||
      names.stream_destination() != republish->Destination) {
    return error{errc::unavailable,
                 "stream '" + options.stream + "' exists but does not republish to '" +
                     names.stream_destination() + "'; delete it or configure another stream name"};
  }
  jsStreamConfig wanted = *info->Config;
  apply(wanted, options);
  update_if_needed(js, *info->Config, wanted);
  return static_cast<epoch_id>(info->Created / 1'000'000);
}

struct bucket {
  std::string name;
  nanoseconds max_age{0};  ///< of an entry; 0: it stays
};

/// A bucket is a stream; what it has in common with the history follows the configuration too.
void adapt(jsCtx* js, const bucket& what, const nats_options& options) {
  const auto stream = "KV_" + what.name;
  jsStreamInfo* info = nullptr;
  if (js_GetStreamInfo(&info, js, stream.c_str(), nullptr, nullptr) != NATS_OK) return;
  const info_ptr guard(info);
  jsStreamConfig wanted = *info->Config;
  wanted.Replicas = options.replicas;
  wanted.MaxAge = what.max_age.count();
  // nats-server refuses a window longer than the age.
  if (wanted.MaxAge != 0) wanted.Duplicates = std::min(wanted.Duplicates, wanted.MaxAge);
  wanted.AllowDirect = true;
  update_if_needed(js, *info->Config, wanted);
}

result<void> ensure_bucket(jsCtx* js, const bucket& what, const nats_options& options) {
  kvStore* store = nullptr;
  auto status = js_KeyValue(&store, js, what.name.c_str());
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = what.name.c_str();
    config.Replicas = options.replicas;
    config.History = 1;
    config.TTL = what.max_age.count();
    config.StorageType = js_FileStorage;
    status = js_CreateKeyValue(&store, js, &config);
    // Another node may have been quicker.
    if (status != NATS_OK) status = js_KeyValue(&store, js, what.name.c_str());
  }
  const std::unique_ptr<kvStore, js_deleter> guard(store);
  if (status != NATS_OK) return failed("bucket '" + what.name + "' cannot be created", status);
  adapt(js, what, options);
  return {};
}

}  // namespace

std::string roster_bucket(const nats_options& options) { return options.stream + "_roster"; }
std::string positions_bucket(const nats_options& options) { return options.stream + "_positions"; }

result<epoch_id> ensure_store(const nats_session& session, const nats_options& options) {
  jsOptions settings;
  jsOptions_Init(&settings);
  settings.Wait = api_timeout_ms;
  jsCtx* raw = nullptr;
  const auto status = natsConnection_JetStream(&raw, session.connection(), &settings);
  const js_ptr js(raw);
  if (status != NATS_OK) return failed("JetStream cannot be used", status);

  auto epoch = ensure_stream(js.get(), options);
  // Another node may have created it between our question and our order.
  if (!epoch.ok()) epoch = ensure_stream(js.get(), options);
  if (!epoch.ok()) return epoch;
  for (const auto& what :
       {bucket{roster_bucket(options)}, bucket{positions_bucket(options), options.limits.max_age}})
    if (const auto made = ensure_bucket(js.get(), what, options); !made.ok()) return made.error();
  return epoch;
}

}  // namespace starling::cluster
