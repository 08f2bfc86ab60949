/// What the thread "nats-ingest" does for its sources: leases are taken, renewed and handed over,
/// streams are pulled from.
#pragma once

#include "cluster/ingest/feed_lock.hpp"
#include "cluster/ingest/ingest_link.hpp"
#include "cluster/ingest/ingest_source.hpp"
#include "cluster/ingest/ingest_sources.hpp"
#include "cluster/ingest/ingest_subjects.hpp"
#include "net/base/clock.hpp"
#include "net/base/ids.hpp"

namespace starling::cluster {

/// For one round over the sources. Thread "nats-ingest" alone; with the feed's lock, which it lets
/// go of whenever it asks NATS.
class source_worker {
 public:
  /// `link`: null while NATS is away. All must outlive the worker.
  source_worker(ingest_sources& sources, ingest_link* link, const ingest_subjects& names,
                const node_id& self, feed_lock& hold)
      : sources_(sources), link_(link), names_(names), self_(self), hold_(hold) {}

  /// Does what is due. Blocks up to 1 s for each question.
  void look_after_all();

 private:
  void look_after(ingest_source& s);
  void take(ingest_source& s);
  void renew(ingest_source& s);
  void begin_handover(ingest_source& s);
  void release(ingest_source& s);
  /// True: it has asked something, so other things may be due.
  bool pull(ingest_source& s);
  bool find_consumer(ingest_source& s);

  ingest_sources& sources_;
  ingest_link* const link_;
  const ingest_subjects& names_;
  const node_id& self_;
  feed_lock& hold_;
};

}  // namespace starling::cluster
