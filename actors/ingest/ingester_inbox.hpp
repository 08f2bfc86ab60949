/// What the actor of a source of foreign messages takes.
#pragma once

#include <cstdint>
#include <string>

#include "actors/runtime/inbox.hpp"
#include "cluster/event_log.hpp"
#include "cluster/foreign_feed.hpp"

namespace starling::actors {

/// feed -> ingester, on the delivery thread, in order.
struct foreign_arrived {
  cluster::foreign_message message;
};

/// feed -> ingester: another node ingests now.
struct source_relieved {};

/// ingester -> itself: try again what the store did not take.
struct retry_mapped {};

/// store (any thread) -> ingester: an event of a message was stored, or not.
struct mapped_stored {
  std::uint64_t term;    ///< of the source's duty
  std::uint64_t number;  ///< of the message
  std::size_t index;     ///< among the message's events
  result<cluster::append_ack> ack;
};

/// roster (any thread) -> ingester: a membership was changed, or not.
struct member_changed {
  std::uint64_t term;
  std::uint64_t number;
  std::size_t index;  ///< among the message's changes
  result<void> outcome;
};

/// feed (any thread) -> ingester: what a node asks or tells about tenants.
struct tenants_told {
  std::string words;
};

/// ingester -> itself: no more answers are waited for.
struct tenants_overdue {
  std::uint64_t question;
};

/// Taken by ingest/ingester.cpp.
class ingester_inbox : public inbox<foreign_arrived, source_relieved, retry_mapped, mapped_stored,
                                    member_changed, tenants_told, tenants_overdue> {
 public:
  using inbox::inbox;
};

}  // namespace starling::actors
