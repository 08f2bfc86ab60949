/// What a token says about Mercure.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/result.hpp"
#include "net/dialect/mercure/topic_selector.hpp"

namespace starling::net::mercure {

/// Selectors of one right, and what is told of who used them.
struct grant {
  std::vector<topic_selector> topics;
  std::string payload;  ///< 1.0. JSON text; empty: none

  bool covers(std::string_view topic) const;
};

struct grants {
  std::vector<grant> publish;
  std::vector<grant> subscribe;
  std::string payload;  ///< 0.x: of every subscription. JSON text; empty: none

  /// Every one of the topics.
  bool may_publish(const std::vector<std::string>& topics) const;
  /// One of the topics will do.
  bool may_see(const std::vector<std::string>& topics) const;
  /// The payload of a subscription, in 1.0 that of the first grant that fits its text.
  std::string payload_for(const topic_selector& subscription) const;
};

/// Claims of 0.x: `mercure: {publish, subscribe, payload}`, also under `https://mercure.rocks/`.
/// With `typ` `at+jwt` in the header those of 1.0: `authorization_details`. A token without any of
/// it grants nothing. Errors: errc::unauthorized names the claim.
result<grants> read_grants(const nlohmann::json& header, const nlohmann::json& claims);

}  // namespace starling::net::mercure
