#include "cluster/jetstream/jetstream_admin.hpp"

#include "net/base/log.hpp"

namespace starling::cluster::jetstream {

namespace {

bool same(const jsStreamConfig& a, const jsStreamConfig& b) {
  return a.Replicas == b.Replicas && a.MaxAge == b.MaxAge &&
         a.MaxMsgsPerSubject == b.MaxMsgsPerSubject && a.Duplicates == b.Duplicates &&
         a.Discard == b.Discard && a.AllowDirect == b.AllowDirect;
}

}  // namespace

natsStatus open_context(const nats_session& session, context_ptr& out,
                        std::chrono::milliseconds wait) {
  jsOptions settings;
  jsOptions_Init(&settings);
  settings.Wait = wait.count();
  jsCtx* raw = nullptr;
  const auto status = natsConnection_JetStream(&raw, session.connection(), &settings);
  out.reset(raw);
  return status;
}

error failed(const std::string& problem, natsStatus status) {
  const char* detail = nats_GetLastError(nullptr);
  std::string message = problem + ": " + natsStatus_GetText(status);
  if (detail && *detail) message.append(" (").append(detail).append(")");
  return {errc::unavailable, message};
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

}  // namespace starling::cluster::jetstream
