#include "cluster/kv/kv_watch.hpp"

#include <string_view>

#include "cluster/nats/jetstream_api.hpp"

namespace starling::cluster {

namespace {

constexpr std::int64_t heartbeat_ns = 5'000'000'000;

struct message_deleter {
  void operator()(natsMsg* message) const noexcept { natsMsg_Destroy(message); }
};

}  // namespace

kv_watch::kv_watch(nats_session& session, const std::string& bucket)
    : session_(session), prefix_("$KV." + bucket + '.') {
  status_ = jetstream::open_context(session, js_);
  if (status_ != NATS_OK) return;

  const auto stream = "KV_" + bucket;
  const auto all = prefix_ + '>';
  jsSubOptions how;
  jsSubOptions_Init(&how);
  how.Stream = stream.c_str();
  how.Config.DeliverPolicy = js_DeliverLastPerSubject;
  how.Config.AckPolicy = js_AckNone;
  how.Config.MaxDeliver = 1;
  how.Config.FlowControl = true;
  how.Config.Heartbeat = heartbeat_ns;
  how.Config.MemoryStorage = true;
  how.Config.Replicas = 1;
  status_ = js_SubscribeSync(&subscription_, js_.get(), all.c_str(), nullptr, &how, nullptr);
  if (status_ != NATS_OK) return;

  jsConsumerInfo* info = nullptr;
  status_ = natsSubscription_GetConsumerInfo(&info, subscription_, nullptr, nullptr);
  if (status_ == NATS_OK) complete_ = info->NumPending == 0 && info->Delivered.Consumer == 0;
  jsConsumerInfo_Destroy(info);
}

kv_watch::~kv_watch() {
  if (subscription_) session_.retire(subscription_);
}

std::optional<kv_watch::entry> kv_watch::next(std::chrono::milliseconds patience) {
  natsMsg* raw = nullptr;
  status_ = natsSubscription_NextMsg(&raw, subscription_, patience.count());
  const std::unique_ptr<natsMsg, message_deleter> message(raw);
  if (status_ != NATS_OK) return std::nullopt;
  const char* const reply = natsMsg_GetReply(raw);
  const auto about = reply ? jetstream::parse_delivery(reply) : std::nullopt;
  const std::string_view subject = natsMsg_GetSubject(raw);
  if (!about || about->number != taken_ + 1 || !subject.starts_with(prefix_)) {
    status_ = NATS_MISMATCH;
    return std::nullopt;
  }
  ++taken_;
  if (about->pending == 0) complete_ = true;
  entry out;
  out.key = subject.substr(prefix_.size());
  out.value.assign(natsMsg_GetData(raw), static_cast<std::size_t>(natsMsg_GetDataLength(raw)));
  const char* operation = nullptr;
  out.erased = natsMsgHeader_Get(raw, "KV-Operation", &operation) == NATS_OK && operation &&
               (std::string_view(operation) == "DEL" || std::string_view(operation) == "PURGE");
  return out;
}

}  // namespace starling::cluster
