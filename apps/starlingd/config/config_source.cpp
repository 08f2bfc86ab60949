#include "apps/starlingd/config/config_source.hpp"

#include "apps/starlingd/config/config_schema.hpp"

#include <toml++/toml.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace starling::app {
namespace {

std::string line_of(const std::string& name, toml::source_index line) {
  return line == 0 ? name : name + ":" + std::to_string(line);
}

raw_value convert(const toml::node& node, std::string place, const std::string& name);

raw_value::table convert(const toml::table& table, const std::string& name) {
  // The library sorts by name; complaints should follow the file.
  std::vector<std::pair<const toml::key*, const toml::node*>> in_order;
  for (const auto& [key, node] : table) in_order.emplace_back(&key, &node);
  std::ranges::stable_sort(in_order, {},
                           [](const auto& entry) { return entry.first->source().begin.line; });
  raw_value::table out;
  for (const auto& [key, node] : in_order) {
    std::string place = line_of(name, key->source().begin.line);
    out.push_back({std::string(key->str()), convert(*node, std::move(place), name)});
  }
  return out;
}

raw_value convert(const toml::node& node, std::string place, const std::string& name) {
  raw_value out;
  out.place = std::move(place);
  if (const auto* table = node.as_table()) {
    out.data = convert(*table, name);
  } else if (const auto* array = node.as_array()) {
    raw_value::list items;
    for (const toml::node& item : *array) {
      items.push_back(convert(item, line_of(name, item.source().begin.line), name));
    }
    out.data = std::move(items);
  } else if (const auto* text = node.as_string()) {
    out.data = text->get();
  } else if (const auto* whole = node.as_integer()) {
    out.data = whole->get();
  } else if (const auto* real = node.as_floating_point()) {
    out.data = real->get();
  } else if (const auto* flag = node.as_boolean()) {
    out.data = flag->get();
  }
  return out;
}

/// The parser's complaint may quote the text it stumbled over, which must not be a secret.
bool mentions_secret(std::string_view text, toml::source_index line) {
  for (toml::source_index i = 1; i < line && !text.empty(); ++i) {
    text.remove_prefix(std::min(text.size(), text.find('\n')));
    if (!text.empty()) text.remove_prefix(1);
  }
  const std::string_view found = text.substr(0, text.find('\n'));
  return std::ranges::any_of(schema(), [found](const key_spec& spec) {
    const std::string_view leaf = std::string_view(spec.name).substr(spec.name.rfind('.') + 1);
    return spec.secret && found.find(leaf) != std::string_view::npos;
  });
}

}  // namespace

raw_value::table parse_document(std::string_view text, const std::string& name,
                                config_errors& errors) {
  try {
    return convert(toml::parse(text, name), name);
  } catch (const toml::parse_error& failure) {
    const auto line = failure.source().begin.line;
    std::string why = "is not valid TOML";
    if (!mentions_secret(text, line)) why.append(": ").append(failure.description());
    errors.push_back({line_of(name, line), "", std::move(why)});
    return {};
  }
}

bool parse_typed(const key_spec& spec, std::string_view text, std::string place, raw_value& out,
                 config_errors& errors) {
  out = {std::string(text), place, std::string(text)};
  // A line break would let one value carry further keys.
  const bool one_line = text.find_first_of("\r\n") == std::string_view::npos;
  try {
    if (one_line) {
      const toml::table parsed = toml::parse("value = " + std::string(text));
      if (parsed.size() == 1) out.data = convert(parsed.begin()->second, place, place).data;
    }
    return true;
  } catch (const toml::parse_error&) {
    const bool opens = text.find_first_of(spec.structured ? "\"'[{" : "\"'") == 0;
    if (!opens) return true;
    errors.push_back({std::move(place), spec.name,
                      spec.name + " opens a quote or bracket and does not close it as TOML does "
                                  "(the shell may have taken the quotes)"});
    return false;
  }
}

}  // namespace starling::app
