/// Asks the durable consumers on foreign streams for their messages.
#pragma once

#include <nats/nats.h>

#include <cstddef>
#include <string>

#include "cluster/ingest/ingest_subjects.hpp"
#include "cluster/ingest/stream_source.hpp"
#include "cluster/nats/nats_session.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

/// Over one life of the connection; its owner subscribes to answers(). Thread "nats-ingest" alone,
/// without the feed's lock; what is const any thread.
class stream_pulls {
 public:
  /// `inbox`: what subjects of answers to this node begin with. All must outlive it.
  stream_pulls(nats_session& session, jsCtx* js, const ingest_subjects& names,
               const std::string& inbox);

  /// Creates the consumer on `stream` if there is none. Blocks as long as the context says. Errors:
  /// unavailable, with the reason.
  result<consumer_state> prepare(const std::string& stream);
  /// One pull, as large and as long as stream_source says. Its messages come with the consumer's
  /// reply subject, its end to inbox() and the index.
  void ask(std::size_t source, const std::string& stream);
  /// No more comes when this returns: else the server would go on giving messages to this node, and
  /// its successor later ones. Blocks, 0.5 s at most. Once; again does nothing.
  void end();

  std::string answers() const { return inbox_ + '*'; }
  /// What the subjects of answers begin with; the source's index is the rest.
  const std::string& inbox() const noexcept { return inbox_; }

 private:
  nats_session& session_;
  jsCtx* const js_;
  const std::string durable_;
  const std::string inbox_;
  bool ended_ = false;
};

}  // namespace starling::cluster
