/// What the actors of all sources of a node share.
#pragma once

#include <cstddef>

#include "actors/ingest/mapping_counts.hpp"
#include "actors/ingest/tenant_directory.hpp"

namespace starling::actors {

/// Any thread.
struct ingestion_state {
  explicit ingestion_state(std::size_t rules) : counts(rules) {}

  mapping_counts counts;
  tenant_directory tenants;
};

}  // namespace starling::actors
