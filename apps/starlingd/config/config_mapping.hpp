/// The rules of `mapping` and `mapping_profile`, ready to be carried out.
#pragma once

#include "apps/starlingd/config/config_load.hpp"
#include "net/mapping/rule_set.hpp"

namespace starling::app {

/// All rules, those of the configuration before those of the profile. What cannot be carried out is
/// left out and added to `errors`, with its place.
net::rule_set compile_mappings(const config& c, const origins& from, config_errors& errors);

}  // namespace starling::app
