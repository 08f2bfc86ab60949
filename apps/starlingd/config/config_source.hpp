/// TOML text as raw values: the only place that knows the TOML library.
#pragma once

#include "apps/starlingd/config/config_schema.hpp"
#include "apps/starlingd/config/config_value.hpp"

#include <string>
#include <string_view>

namespace starling::app {

/// Every entry of a TOML document, `place` being `NAME:LINE`. Broken TOML adds to `errors` and
/// gives nothing.
raw_value::table parse_document(std::string_view text, const std::string& name,
                                config_errors& errors);

/// A value typed after `--set KEY=` or in a variable, for the key `spec`: TOML where it is TOML,
/// else the bare text. False, with an error, when it opens a quote, or for a list or table a
/// bracket, and is not whole.
bool parse_typed(const key_spec& spec, std::string_view text, std::string place, raw_value& out,
                 config_errors& errors);

}  // namespace starling::app
