/// A foreign message, as what of it goes to the store and to the roster.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "actors/ingest/tenant_directory.hpp"
#include "cluster/roster_store.hpp"
#include "net/base/event.hpp"
#include "net/mapping/rule.hpp"

namespace starling::actors {

/// A message that was mapped and is not settled. Plain.
struct ingested_message {
  struct outgoing {
    starling::event event;
    bool ephemeral = false;
    bool counts = false;  ///< the first of its event's targets
    bool done = false;
  };
  struct change {
    cluster::roster_entry entry;
    bool add = true;
    bool done = false;
  };

  std::optional<std::size_t> rule;
  std::string subject;
  std::vector<outgoing> events;
  std::vector<change> changes;
  std::size_t outstanding = 0;
  bool fresh = false;   ///< the store did not have all of it
  bool failed = false;  ///< to be tried again
  bool refused = false;
};

/// What the events, whose tenants are known, become. Each gets an id if it has none, so that it can
/// be tried again: one of a `stream` (empty: none) the same on every node, made of the message's
/// `number` there. Who is in a room and named as well has the event once, as far as the directory
/// knows.
ingested_message ingest_events(std::vector<net::mapped_event> events, const std::string& stream,
                               std::uint64_t number, const tenant_directory& directory);

}  // namespace starling::actors
