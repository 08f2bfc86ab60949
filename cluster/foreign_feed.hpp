/// Messages of foreign publishers, each handed to one node of the cluster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "net/base/ids.hpp"

namespace starling::cluster {

struct nats_options;

/// Where messages come from. Sources are disjoint: no message is of two of them.
struct foreign_source {
  /// A JetStream stream of somebody else, read by a durable consumer from its first message on.
  /// Empty: messages as they are published (core NATS).
  std::string stream;
  std::string subject;  ///< pattern; of a stream, which of its subjects are wanted
  /// Every message has an id of its own in the store: what is handed out again does no harm.
  bool replayable = false;
};

struct foreign_message {
  std::size_t source = 0;    ///< index among the sources
  std::uint64_t number = 0;  ///< for settle(); of a stream the message's sequence there
  std::string subject;
  std::string body;
  std::string signature;  ///< header X-Event-Signature; may be empty
};

/// Called in order per source, on threads of the engine; must not block and not call the feed.
class foreign_listener {
 public:
  virtual ~foreign_listener() = default;
  /// To be settled when it is stored, or will never be.
  virtual void on_foreign(foreign_message message) = 0;
  /// This node is no longer the one that ingests the source: what it has not settled is to be
  /// dropped, another node begins.
  virtual void on_relieved(std::size_t source) = 0;
  /// What a node has told all that ingest; this one's own words come back as well.
  virtual void on_told(std::string words) = 0;
};

struct foreign_source_state {
  foreign_source source;
  std::string holder;      ///< the node that ingests it, as far as known
  std::uint64_t lost = 0;  ///< messages that this node knows nobody has ingested, at most
};

/// One node at a time ingests a source: it holds a lease. When it dies another takes over after
/// 2.4 s of silence (its lease has run out by then), when it leaves at once. Any thread; never
/// blocks, but for stop().
class foreign_feed {
 public:
  virtual ~foreign_feed() = default;

  /// `listener` must outlive stop().
  virtual void start(std::vector<foreign_source> sources, foreign_listener& listener) = 0;
  /// Hands everything over to other nodes; nothing is ingested here any more. What is under way is
  /// still to be settled.
  virtual void leave() = 0;
  /// leave(), and waits for a moment until it is settled. The listener is not called afterwards.
  virtual void stop() = 0;

  /// May a message of `source` be published now? Ask right before.
  virtual bool holds(std::size_t source) const noexcept = 0;
  /// A message was stored, or is refused for good.
  virtual void settle(std::size_t source, std::uint64_t number) = 0;

  /// To all nodes that ingest; lost when NATS is away.
  virtual void tell(std::string words) = 0;

  virtual std::vector<foreign_source_state> states() const = 0;
};

/// Over NATS, with leases that `self` holds in a bucket beside the store of `options`.
std::shared_ptr<foreign_feed> make_nats_feed(const node_id& self, const nats_options& options);

}  // namespace starling::cluster
