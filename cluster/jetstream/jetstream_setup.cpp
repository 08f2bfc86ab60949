#include "cluster/jetstream/jetstream_setup.hpp"

#include <algorithm>
#include <string>

#include "cluster/jetstream/jetstream_admin.hpp"
#include "cluster/jetstream/jetstream_stream.hpp"
#include "cluster/nats/nats_turn.hpp"
#include "cluster/subjects.hpp"

namespace starling::cluster {

namespace {

using namespace jetstream;
using std::chrono::nanoseconds;

/// How often a bucket is left to another node before we create it ourselves.
constexpr int most_turns = 5;

struct bucket {
  std::string name;
  nanoseconds max_age{0};  ///< of an entry; 0: it stays
};

/// A bucket is a stream; what it has in common with the history follows the configuration too.
void adapt(jsCtx* js, const bucket& bucket, const nats_options& options) {
  const auto stream = "KV_" + bucket.name;
  jsStreamInfo* info = nullptr;
  if (js_GetStreamInfo(&info, js, stream.c_str(), nullptr, nullptr) != NATS_OK) return;
  const info_ptr guard(info);
  jsStreamConfig wanted = *info->Config;
  wanted.Replicas = options.replicas;
  wanted.MaxAge = bucket.max_age.count();
  // nats-server refuses a window longer than the age.
  if (wanted.MaxAge != 0) wanted.Duplicates = std::min(wanted.Duplicates, wanted.MaxAge);
  wanted.AllowDirect = true;
  update_if_needed(js, *info->Config, wanted);
}

result<void> ensure_bucket(jsCtx* js, nats_session& session, const bucket& bucket,
                           const nats_options& options) {
  kvStore* store = nullptr;
  auto status = js_KeyValue(&store, js, bucket.name.c_str());
  for (int turn = 0; status == NATS_NOT_FOUND && perhaps_clustered(session, options); ++turn) {
    const bool ours = take_turn(session, subjects(options.stream).turns());
    status = js_KeyValue(&store, js, bucket.name.c_str());
    if (ours || turn == most_turns) break;
  }
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = bucket.name.c_str();
    config.Replicas = options.replicas;
    config.History = 1;
    config.TTL = bucket.max_age.count();
    config.StorageType = js_FileStorage;
    status = js_CreateKeyValue(&store, js, &config);
    // Another node may have been quicker.
    if (status != NATS_OK) status = js_KeyValue(&store, js, bucket.name.c_str());
  }
  const bucket_ptr guard(store);
  if (status != NATS_OK) return failed("bucket '" + bucket.name + "' cannot be created", status);
  adapt(js, bucket, options);
  return {};
}

}  // namespace

std::string roster_bucket(const nats_options& options) { return options.stream + "_roster"; }
std::string positions_bucket(const nats_options& options) { return options.stream + "_positions"; }

result<std::vector<epoch_id>> ensure_store(nats_session& session, const nats_options& options,
                                           const std::vector<epoch_id>& known) {
  context_ptr js;
  if (const auto status = open_context(session, js); status != NATS_OK)
    return failed("JetStream cannot be used", status);

  if (const auto fits = check_partitions(js.get(), options); !fits.ok()) return fits.error();
  auto epochs = ensure_streams(js.get(), session, options, known);
  if (!epochs.ok()) return epochs;
  // Another node may have created a store of another kind at the same time.
  if (*epochs != known)
    if (const auto fits = check_partitions(js.get(), options); !fits.ok()) return fits.error();
  for (const auto& each : {bucket{roster_bucket(options)},
                           bucket{positions_bucket(options), options.limits.positions_max_age}})
    if (const auto made = ensure_bucket(js.get(), session, each, options); !made.ok())
      return made.error();
  return epochs;
}

}  // namespace starling::cluster
