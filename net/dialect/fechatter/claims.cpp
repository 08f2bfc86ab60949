#include "net/dialect/fechatter/claims.hpp"

#include <array>
#include <nlohmann/json.hpp>

namespace starling::net::fechatter {

result<void> refuse_suspended(const nlohmann::json& claims) {
  const auto user = claims.find("user");
  if (user == claims.end() || !user->is_object()) return {};
  const auto status = user->find("status");
  if (status != user->end() && *status == "Suspended")
    return error{errc::unauthorized, "token refused: the user is suspended"};
  return {};
}

std::span<const std::string_view> published_keys() noexcept {
  static constexpr std::array<std::string_view, 2> keys{
      "fM-lwNHj6TRJ3EGP38lIJcOo9Dlt2u2JzcwWMbu7jQY",
      "MnnmEdL53E3O5UTdVW_VEs9qT6To_48iU7jWpKuVb2c",
  };
  return keys;
}

}  // namespace starling::net::fechatter
