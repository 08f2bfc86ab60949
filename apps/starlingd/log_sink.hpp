/// Log lines to standard error, through spdlog.
#pragma once

#include "apps/starlingd/config/config.hpp"

namespace starling::app {

/// Installs the sink. Call once, before threads start.
void install_log(log_format format);
/// False when `name` is no level.
bool set_log_level(const std::string& name);

}  // namespace starling::app
