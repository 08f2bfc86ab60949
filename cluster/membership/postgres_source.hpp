/// Memberships that a PostgreSQL database knows.
#pragma once

#include <memory>

#include "cluster/membership_source.hpp"

namespace starling::cluster {

struct postgres_options {
  std::string dsn;
  /// SQL of one statement; its first column holds names. `$1` user, `$2` tenant.
  std::string rooms_of_user;
  /// `$1` room, `$2` tenant.
  std::string users_of_room;
  std::string channel;          ///< of NOTIFY; empty: none
  std::size_t connections = 4;  ///< for questions; one more listens
  std::chrono::milliseconds timeout{2000};
};

/// Threads of its own: one per connection. A connection that is lost is opened anew when the next
/// question comes; the one that listens does so by itself, and says then that anything may have
/// changed. A value that the columns cannot hold (a name where ids are numbers) has no memberships.
std::shared_ptr<membership_source> make_postgres_source(const postgres_options& options);

}  // namespace starling::cluster
