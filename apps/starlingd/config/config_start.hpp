/// Whether a node with this configuration would start on this machine.
#pragma once

#include <memory>

#include "apps/starlingd/config/config_load.hpp"
#include "net/auth/key_set.hpp"

namespace starling::app {

/// The one check of start, reload, `--check-config` and `starlingctl config check`.
///
/// Returns the keys that tokens are checked with (`dev` only with auth.dev). nullptr, with the
/// reasons in `loaded.errors`, when loading failed, a key does not parse, an address does not
/// resolve or is none of this machine, both listeners want the same port, or a part of the
/// configuration is not carried out. Whether a port is free is left to the start: the node that
/// is asked about may be the one that has it. Reads files, resolves names: may block.
std::shared_ptr<const net::key_set> check_start(load_result& loaded);

/// The keys of one side of the Mercure hub: null for an empty `key`, which is the node's own. May
/// read a file. Errors: errc::malformed, without the key.
result<std::shared_ptr<const net::key_set>> mercure_keys(const std::string& key,
                                                         token_algorithm algorithm);

}  // namespace starling::app
