/// Last positions in a JetStream key-value bucket: a key per user for the position, one for the
/// rooms.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/jetstream/nats_connection.hpp"
#include "cluster/position_store.hpp"

namespace starling::cluster {

/// Without threads of its own. A put is a plain publish that nobody acknowledges; one while the
/// engine is away is lost. A get asks the leader of the bucket and not just any replica, which may
/// lag behind: a user who leaves one node and comes to another at once would be sent far back. What
/// the leader has stored is seen; a put that is still on its way to it is not. Rooms change seldom
/// and everybody who resumes asks for them, so any replica may answer, at half the cost.
class kv_positions final : public position_store {
 public:
  explicit kv_positions(std::shared_ptr<nats_connection> connection);

  void put(const tenant_id& tenant, const std::string& user, const cursor& at) override;
  void get(const tenant_id& tenant, const std::string& user,
           completion<std::optional<cursor>> done) override;
  void put_rooms(const tenant_id& tenant, const std::string& user,
                 const std::vector<std::string>& rooms) override;
  void rooms(const tenant_id& tenant, const std::string& user,
             completion<std::vector<std::string>> done) override;

 private:
  /// Where the user's position is published.
  std::string subject_of(const tenant_id& tenant, const std::string& user) const;
  enum class source {
    leader,
    any_replica
  };
  /// What the key holds; an empty text when nothing.
  void read(std::string subject, source from, completion<std::string> done);

  const std::shared_ptr<nats_connection> connection_;
  const std::string bucket_;
};

}  // namespace starling::cluster
