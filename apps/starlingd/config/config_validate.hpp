/// What single keys cannot tell: whether the configuration as a whole can run.
#pragma once

#include "apps/starlingd/config/config_load.hpp"

namespace starling::app {

/// Adds to `errors`: files that cannot be read, half a TLS pair, and no way to check a token.
/// `from` says which line or flag to blame. That no key is usable is said only when nothing else
/// is wrong, since a mistyped key is the usual cause.
void validate(const config& c, const origins& from, config_errors& errors);

}  // namespace starling::app
