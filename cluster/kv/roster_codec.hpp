/// A membership as a key and a value of the roster's bucket.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cluster/roster_store.hpp"

namespace starling::cluster {

/// `<tenant>.<user>.<room>`, each escaped by escape_key_token.
std::string roster_key(const roster_entry& entry);
/// `<since_ms> <since_seq>`, decimal.
std::string roster_value(const roster_entry& entry);
/// nullopt for what no node has written: another form, names that are none.
std::optional<roster_entry> parse_roster_entry(std::string_view key, std::string_view value);

}  // namespace starling::cluster
