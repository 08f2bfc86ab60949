#include "cluster/ingest/stream_pulls.hpp"

#include <chrono>
#include <utility>

#include "cluster/jetstream/jetstream_admin.hpp"
#include "net/base/ids.hpp"
#include "net/base/log.hpp"

namespace starling::cluster {

stream_pulls::stream_pulls(nats_session& session, jsCtx* js, const ingest_subjects& names,
                           const std::string& inbox)
    : session_(session),
      js_(js),
      durable_(names.durable()),
      inbox_(inbox + '.' + make_event_id() + '.') {}

result<consumer_state> stream_pulls::prepare(const std::string& stream) {
  jsConsumerConfig config;
  jsConsumerConfig_Init(&config);
  config.Durable = durable_.c_str();
  config.DeliverPolicy = js_DeliverAll;
  config.AckPolicy = js_AckExplicit;
  config.AckWait = std::chrono::nanoseconds(stream_source::ack_wait).count();
  config.MaxAckPending = static_cast<std::int64_t>(4 * stream_source::max_unacked);
  jsErrCode code{};
  jsConsumerInfo* raw = nullptr;
  const auto status = js_AddConsumer(&raw, js_, stream.c_str(), &config, nullptr, &code);
  const jetstream::consumer_ptr info(raw);
  if (status != NATS_OK) return jetstream::failed("no consumer on stream '" + stream + "'", status);
  return consumer_state{info->Delivered.Consumer, info->Delivered.Stream,
                        static_cast<std::size_t>(info->NumAckPending)};
}

void stream_pulls::ask(std::size_t source, const std::string& stream) {
  constexpr auto expires = std::chrono::nanoseconds(stream_source::pull_expires).count();
  session_.publish("$JS.API.CONSUMER.MSG.NEXT." + stream + '.' + durable_,
                   R"({"batch":)" + std::to_string(stream_source::pull_batch) + R"(,"expires":)" +
                       std::to_string(expires) + '}',
                   inbox_ + std::to_string(source));
}

void stream_pulls::end() {
  if (std::exchange(ended_, true)) return;
  const auto patience = stream_source::pull_expires;
  if (!session_.drain(answers(), patience))
    log::warn("pulls from foreign streams are not ended", {{"within_ms", patience.count()}});
}

}  // namespace starling::cluster
