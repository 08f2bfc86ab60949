/// The names under which nodes that ingest speak to each other. The table is in SUBJECTS.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cluster/foreign_feed.hpp"

namespace starling::cluster {

/// What a message is, by its subject.
enum class ingest_message : std::uint8_t {
  lease,    ///< an entry of the bucket was written
  mark,     ///< a node hands a source over: what comes behind this is its successor's
  freed,    ///< a node has handed a source over
  told,     ///< what nodes tell each other
  of_ours,  ///< anything else that nodes or NATS say; however wide a pattern is, never ingested
  foreign
};

struct heard_ingest_subject {
  ingest_message message = ingest_message::foreign;
  std::string_view key;  ///< of the source: of lease, mark and freed; a part of the subject
};

/// All of them below one prefix. Immutable; any thread.
class ingest_subjects {
 public:
  explicit ingest_subjects(const std::string& prefix);

  /// The name of a source: one token, also a key of the bucket.
  static std::string key_of(const foreign_source& source);

  /// The key-value bucket of the leases, and the stream that holds it.
  const std::string& bucket() const noexcept { return bucket_; }
  std::string bucket_stream() const { return "KV_" + bucket_; }
  /// The consumer on foreign streams.
  const std::string& durable() const noexcept { return durable_; }

  std::string lease(std::string_view key) const { return lease_prefix_ + std::string(key); }
  std::string mark(std::string_view key) const { return handover_prefix_ + std::string(key); }
  std::string freed(std::string_view key) const;
  const std::string& told() const noexcept { return told_; }
  /// Of every source, to subscribe to.
  std::string leases() const { return lease_prefix_ + '>'; }
  std::string handovers() const { return handover_prefix_ + '>'; }

  /// The key lives as long as `subject`.
  heard_ingest_subject read(std::string_view subject) const noexcept;
  /// The stream that a message was pulled from by our consumer: in its reply subject
  /// `$JS.ACK.<stream>.<durable>. ...` (with domain and account before the stream). Empty: it was
  /// not.
  std::string_view stream_of(std::string_view reply) const noexcept;

 private:
  std::string bucket_;
  std::string durable_;
  std::string consumer_;         ///< `.<durable>.`
  std::string own_prefix_;       ///< `<prefix>.`
  std::string lease_prefix_;     ///< `$KV.<bucket>.`
  std::string handover_prefix_;  ///< `<prefix>.ingest.`
  std::string told_;             ///< `<prefix>.told`
};

}  // namespace starling::cluster
