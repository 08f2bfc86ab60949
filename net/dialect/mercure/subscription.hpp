/// A subscriber: which updates it sees, and how others hear of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/dialect/mercure/grants.hpp"
#include "net/dialect/mercure/update.hpp"
#include "net/front/http_front.hpp"
#include "net/service.hpp"

namespace starling::net::mercure {

/// One connection with all it subscribes to. Announces itself, if told, in private updates: one per
/// selector at its beginning, and one at its end.
class subscription final : public session_view {
 public:
  subscription(std::shared_ptr<loop_front> front, tenant_id tenant,
               std::vector<topic_selector> topics, grants rights);

  /// The session has begun.
  void announce(const session_id& id);

  // session_view
  bool shows(const event& event) override;
  void ended() override;
  /// `{"subscriber":..,"topics":[{"type":..,"topic":..,"payload":index}],"payloads":[..]}`.
  std::string describe() const override;

 private:
  void publish(bool active);

  const std::shared_ptr<loop_front> front_;
  const tenant_id tenant_;
  const std::vector<topic_selector> topics_;
  const grants rights_;
  std::string subscriber_;  ///< `urn:uuid:...`; empty: not announced
};

/// The path of one subscription, which is its id and the topic of its updates.
std::string subscription_id(std::string_view type, std::string_view topic,
                            std::string_view subscriber);
/// What is told of one subscription. type: "topic" in 0.x. payload: JSON text, may be empty.
std::string subscription_json(std::string_view type, std::string_view topic,
                              std::string_view subscriber, std::string_view payload, bool active,
                              bool with_context);

}  // namespace starling::net::mercure
