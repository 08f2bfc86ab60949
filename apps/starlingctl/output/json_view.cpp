#include "apps/starlingctl/output/json_view.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace starling::ctl {
namespace {

const json* field(const json& object, std::string_view key) {
  if (!object.is_object()) return nullptr;
  const auto at = object.find(std::string(key));
  return at == object.end() ? nullptr : &*at;
}

}  // namespace

std::string text_at(const json& object, std::string_view key) {
  const json* value = field(object, key);
  if (!value) return {};
  if (value->is_string()) return value->get<std::string>();
  return value->is_number() ? value->dump() : std::string{};
}

std::int64_t int_at(const json& object, std::string_view key) {
  const json* value = field(object, key);
  return value && value->is_number() ? value->get<std::int64_t>() : 0;
}

double real_at(const json& object, std::string_view key) {
  const json* value = field(object, key);
  return value && value->is_number() ? value->get<double>() : 0;
}

bool flag_at(const json& object, std::string_view key) {
  const json* value = field(object, key);
  return value && value->is_boolean() && value->get<bool>();
}

const json& list_at(const json& object, std::string_view key) {
  static const json none = json::array();
  const json* value = field(object, key);
  return value && value->is_array() ? *value : none;
}

const json& object_at(const json& object, std::string_view key) {
  static const json none = json::object();
  const json* value = field(object, key);
  return value && value->is_object() ? *value : none;
}

std::vector<std::string> texts_at(const json& object, std::string_view key) {
  std::vector<std::string> texts;
  for (const json& item : list_at(object, key)) {
    if (item.is_string()) texts.push_back(item.get<std::string>());
  }
  return texts;
}

std::string joined(const std::vector<std::string>& parts, std::string_view separator) {
  std::string text;
  for (const std::string& part : parts) {
    if (!text.empty()) text += separator;
    text += part;
  }
  return text;
}

bool contains(const std::vector<std::string>& parts, std::string_view wanted) {
  return std::find(parts.begin(), parts.end(), wanted) != parts.end();
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto comma = std::min(text.find(','), text.size());
    std::string_view part = text.substr(0, comma);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    if (!part.empty()) parts.emplace_back(part);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return parts;
}

}  // namespace starling::ctl
