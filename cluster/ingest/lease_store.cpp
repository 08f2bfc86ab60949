#include "cluster/ingest/lease_store.hpp"

#include <utility>

namespace starling::cluster {

namespace {

constexpr std::string_view held_word = "held ";

error cannot_be(const char* done, natsStatus status, errc code = errc::unavailable) {
  return {code, std::string("its lease cannot be ") + done + ": " + natsStatus_GetText(status)};
}

}  // namespace

std::string lease_value(const node_id& holder) { return std::string(held_word) + holder.str(); }

std::string holder_in(std::string_view value) {
  return value.starts_with(held_word) ? std::string(value.substr(held_word.size())) : std::string();
}

result<lease_store> lease_store::open(jsCtx* js, const ingest_subjects& names, int replicas) {
  const auto& name = names.bucket();
  kvStore* found = nullptr;
  auto status = js_KeyValue(&found, js, name.c_str());
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = name.c_str();
    config.Replicas = replicas;
    config.History = 1;
    config.StorageType = js_FileStorage;
    status = js_CreateKeyValue(&found, js, &config);
    // Another node may have been quicker.
    if (status != NATS_OK) status = js_KeyValue(&found, js, name.c_str());
  }
  jetstream::bucket_ptr bucket(found);
  if (status != NATS_OK) return jetstream::failed("bucket '" + name + "'", status);
  return lease_store(js, names, std::move(bucket));
}

result<std::optional<lease_store::entry>> lease_store::read(const std::string& key) {
  kvEntry* raw = nullptr;
  const auto status = kvStore_Get(&raw, bucket_.get(), key.c_str());
  const jetstream::entry_ptr found(raw);
  if (status == NATS_NOT_FOUND) return std::optional<entry>();
  if (status != NATS_OK) return cannot_be("read", status);
  return std::optional<entry>(entry{holder_in(jetstream::value_of(found)), kvEntry_Revision(raw)});
}

result<void> lease_store::erase(const std::string& key, std::uint64_t revision) {
  const auto subject = names_->lease(key);
  jsOptions options;
  jsOptions_Init(&options);
  options.Stream.Purge.Subject = subject.c_str();
  options.Stream.Purge.Sequence = revision + 1;
  jsErrCode code{};
  const auto status = js_PurgeStream(js_, names_->bucket_stream().c_str(), &options, &code);
  if (status != NATS_OK) return cannot_be("erased", status);
  return {};
}

result<std::uint64_t> lease_store::create(const std::string& key, const node_id& holder) {
  std::uint64_t revision = 0;
  const auto status =
      kvStore_CreateString(&revision, bucket_.get(), key.c_str(), lease_value(holder).c_str());
  if (status != NATS_OK) return cannot_be("taken", status);
  return revision;
}

result<std::uint64_t> lease_store::renew(const std::string& key, const node_id& holder,
                                         std::uint64_t revision) {
  std::uint64_t next = 0;
  const auto status = kvStore_UpdateString(&next, bucket_.get(), key.c_str(),
                                           lease_value(holder).c_str(), revision);
  if (status == NATS_OK) return next;
  const bool unanswered =
      status == NATS_TIMEOUT || status == NATS_NO_RESPONDERS || status == NATS_CONNECTION_CLOSED;
  return cannot_be("renewed", status, unanswered ? errc::unavailable : errc::conflict);
}

}  // namespace starling::cluster
