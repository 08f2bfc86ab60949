/// Asks the cluster everything the rules of doctor.hpp need.
#pragma once

#include <optional>
#include <string>

#include "apps/starlingctl/client/client.hpp"
#include "apps/starlingctl/doctor/doctor.hpp"

namespace starling::ctl {

/// Blocks for some requests. Never throws `failure`: what cannot be asked is missing from the
/// facts, and the rules say why. What the engine carries is not asked while that is away.
doctor_facts fetch_facts(const target& destination, const std::optional<std::string>& user,
                         const std::optional<std::string>& room);

}  // namespace starling::ctl
