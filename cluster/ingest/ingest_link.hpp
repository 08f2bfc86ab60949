/// One life of the connection over which a node ingests.
#pragma once

#include <memory>
#include <string>

#include "cluster/ingest/ingest_subjects.hpp"
#include "cluster/ingest/lease_store.hpp"
#include "cluster/ingest/stream_pulls.hpp"
#include "cluster/jetstream/jetstream_admin.hpp"
#include "cluster/nats/nats_session.hpp"
#include "net/base/clock.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

/// A session with what is asked over it: the leases and the pulls. Made, used and destroyed by the
/// thread "nats-ingest", without the feed's lock; what is const any thread. Destroying it closes
/// the session, when NATS has what was written or 0.5 s later; nothing is heard afterwards.
class ingest_link {
 public:
  /// Blocks up to 1 s for each of a few questions. `inbox`: what subjects of answers begin with.
  /// `names` must outlive it. Nothing is subscribed to yet. Errors: unavailable, there is no bucket
  /// of leases.
  static result<std::unique_ptr<ingest_link>> open(std::shared_ptr<nats_session> session,
                                                   const ingest_subjects& names, int replicas,
                                                   const std::string& inbox);

  nats_session& session() noexcept { return *over_.session; }
  bool is_over(const nats_session& session) const noexcept {
    return &session == over_.session.get();
  }
  bool lost() const noexcept { return over_.session->lost(); }
  lease_store& leases() noexcept { return leases_; }
  stream_pulls& pulls() noexcept { return pulls_; }
  const stream_pulls& pulls() const noexcept { return pulls_; }
  steady_time since() const noexcept { return since_; }

 private:
  /// Closed behind all that uses it.
  struct held_session {
    explicit held_session(std::shared_ptr<nats_session> held) : session(std::move(held)) {}
    ~held_session();
    held_session(const held_session&) = delete;
    held_session& operator=(const held_session&) = delete;
    const std::shared_ptr<nats_session> session;
  };

  ingest_link(std::shared_ptr<nats_session> session, jetstream::context_ptr js, lease_store leases,
              const ingest_subjects& names, const std::string& inbox);

  const held_session over_;
  const jetstream::context_ptr js_;
  lease_store leases_;
  stream_pulls pulls_;
  const steady_time since_ = steady_clock::now();
};

}  // namespace starling::cluster
