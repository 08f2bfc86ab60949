#include "cluster/ingest/ingest_link.hpp"

#include <chrono>
#include <utility>

namespace starling::cluster {

namespace {

constexpr std::chrono::milliseconds answer_wait{1000};
constexpr std::chrono::milliseconds flush_wait{500};

}  // namespace

result<std::unique_ptr<ingest_link>> ingest_link::open(std::shared_ptr<nats_session> session,
                                                       const ingest_subjects& names, int replicas,
                                                       const std::string& inbox) {
  jetstream::context_ptr js;
  if (const auto status = jetstream::open_context(*session, js, answer_wait); status != NATS_OK)
    return jetstream::failed("bucket '" + names.bucket() + "'", status);
  auto leases = lease_store::open(js.get(), names, replicas);
  if (!leases) return leases.error();
  return std::unique_ptr<ingest_link>(
      new ingest_link(std::move(session), std::move(js), std::move(*leases), names, inbox));
}

ingest_link::ingest_link(std::shared_ptr<nats_session> session, jetstream::context_ptr js,
                         lease_store leases, const ingest_subjects& names, const std::string& inbox)
    : over_(std::move(session)),
      js_(std::move(js)),
      leases_(std::move(leases)),
      pulls_(*over_.session, js_.get(), names, inbox) {}

ingest_link::held_session::~held_session() {
  if (!session->lost()) session->flush(flush_wait);
  session->close();
}

}  // namespace starling::cluster
