/// Reading the server's JSON without trusting its shape: an absent or mistyped field is empty.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace starling::ctl {

/// Keeps the order of the server's fields, so `--json` shows them as they came.
using json = nlohmann::ordered_json;

/// The field as text; numbers as digits, anything else is empty.
std::string text_at(const json& object, std::string_view key);
/// The field as a number, 0 when it is none.
std::int64_t int_at(const json& object, std::string_view key);
double real_at(const json& object, std::string_view key);
bool flag_at(const json& object, std::string_view key);
/// The field as a list or an object; an empty one when it is absent or something else.
const json& list_at(const json& object, std::string_view key);
const json& object_at(const json& object, std::string_view key);
/// The texts in a list of texts.
std::vector<std::string> texts_at(const json& object, std::string_view key);
/// "a, b, c"
std::string joined(const std::vector<std::string>& parts, std::string_view separator = ", ");
bool contains(const std::vector<std::string>& parts, std::string_view wanted);
/// `text` at commas, blanks around the parts removed, empty parts dropped.
std::vector<std::string> split_commas(std::string_view text);

}  // namespace starling::ctl
