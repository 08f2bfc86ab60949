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

void update_if_needed(jsCtx* js, const jsStreamConfig& present, const nats_options& options) {
  jsStreamConfig wanted = present;
  apply(wanted, options);
  if (same(present, wanted)) return;
  const auto status = js_UpdateStream(nullptr, js, &wanted, nullptr, nullptr);
  if (status == NATS_OK) {
    log::info("stream limits updated", {{"stream", options.stream}});
  } else {
    log::warn("the stream keeps other limits than configured",
              {{"reason", failed("stream '" + options.stream + "'", status).message}});
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
  update_if_needed(js, *info->Config, options);
  return static_cast<epoch_id>(info->Created / 1'000'000);
}

result<void> ensure_bucket(jsCtx* js, const nats_options& options) {
  const auto bucket = roster_bucket(options);
  kvStore* store = nullptr;
  auto status = js_KeyValue(&store, js, bucket.c_str());
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = bucket.c_str();
    config.Replicas = options.replicas;
    config.History = 1;
    config.StorageType = js_FileStorage;
    status = js_CreateKeyValue(&store, js, &config);
    // Another node may have been quicker.
    if (status != NATS_OK) status = js_KeyValue(&store, js, bucket.c_str());
  }
  const std::unique_ptr<kvStore, js_deleter> guard(store);
  if (status != NATS_OK) return failed("bucket '" + bucket + "' cannot be created", status);
  return {};
}

/// A bucket is a stream; its replicas follow the configuration like those of the history.
void update_bucket_replicas(jsCtx* js, const nats_options& options) {
  const auto stream = "KV_" + roster_bucket(options);
  jsStreamInfo* info = nullptr;
  if (js_GetStreamInfo(&info, js, stream.c_str(), nullptr, nullptr) != NATS_OK) return;
  const info_ptr guard(info);
  if (info->Config->Replicas == options.replicas) return;
  jsStreamConfig wanted = *info->Config;
  wanted.Replicas = options.replicas;
  const auto status = js_UpdateStream(nullptr, js, &wanted, nullptr, nullptr);
  if (status != NATS_OK)
    log::warn("the roster keeps other replicas than configured",
              {{"reason", failed("stream '" + stream + "'", status).message}});
}

}  // namespace

std::string roster_bucket(const nats_options& options) { return options.stream + "_roster"; }

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
  if (const auto bucket = ensure_bucket(js.get(), options); !bucket.ok()) return bucket.error();
  update_bucket_replicas(js.get(), options);
  return epoch;
}

}  // namespace starling::cluster
