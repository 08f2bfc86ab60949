/// Whose is a foreign message that may not name its tenant?
#pragma once

#include <optional>
#include <vector>

#include "actors/ingest/tenant_directory.hpp"
#include "net/mapping/rule.hpp"

namespace starling::actors {

/// Finds tenants in what this node has learnt, and lets it learn. Plain; one thread, as far as the
/// directory is not concerned.
class tenant_finder {
 public:
  /// `learns`: rules may have to find tenants, so what messages tell of them is remembered.
  tenant_finder(tenant_directory& directory, bool learns)
      : directory_(directory), learns_(learns) {}

  /// The events with their tenants, of which one may have several: then each has a copy. Nothing
  /// when this node does not know of one of them, or, until others were `asked`, when they may know
  /// more.
  std::optional<std::vector<net::mapped_event>> find(const std::vector<net::mapped_event>& events,
                                                     bool asked) const;

 private:
  using found = std::vector<net::mapped_event>;
  bool find(const net::mapped_event& event, bool asked, found& out) const;
  bool find_named(const net::mapped_event& event, bool asked, found& out) const;
  bool find_by_room(const net::mapped_event& event, found& out) const;
  bool find_by_people(const net::mapped_event& event, bool asked, found& out) const;
  static net::mapped_event& add(const net::mapped_event& event, const tenant_id& tenant,
                                found& out);

  tenant_directory& directory_;
  const bool learns_;
};

}  // namespace starling::actors
