#include "apps/starlingd/config/config_load.hpp"

#include "apps/starlingd/config/config_schema.hpp"
#include "apps/starlingd/config/config_source.hpp"
#include "apps/starlingd/config/config_validate.hpp"
#include "net/base/nearest_name.hpp"

#include <unistd.h>
#include <array>
#include <cerrno>
#include <fstream>
#include <random>
#include <system_error>
#include <utility>

namespace starling::app {
namespace {

constexpr std::string_view variable_prefix = "STARLING_";

/// The whole file; 0 or the errno of what went wrong. A directory opens and fails only when read.
int read_file(const std::string& path, std::string& text) {
  errno = 0;
  std::ifstream in(path, std::ios::binary);
  if (!in) return errno != 0 ? errno : EIO;
  std::array<char, 4096> block;
  while (in.read(block.data(), block.size()) || in.gcount() > 0) {
    text.append(block.data(), static_cast<std::size_t>(in.gcount()));
  }
  if (in.bad()) return errno != 0 ? errno : EIO;
  return 0;
}

/// Applies values to the configuration, source after source.
class merger {
 public:
  explicit merger(load_result& out) : out_(out) {}

  void file(const std::string& path) {
    std::string text;
    if (const int failure = read_file(path, text); failure != 0) {
      out_.errors.push_back(
          {path, "", "cannot read the configuration: " + std::generic_category().message(failure)});
      return;
    }
    table(parse_document(text, path, out_.errors), "");
    out_.file_value = out_.value;
    out_.file_from = out_.from;
  }

  void environment(const char* const* environ) {
    for (; environ != nullptr && *environ != nullptr; ++environ) {
      const std::string_view entry(*environ);
      const auto sign = entry.find('=');
      if (sign == std::string_view::npos || !entry.starts_with(variable_prefix)) continue;
      variable(std::string(entry.substr(0, sign)), entry.substr(sign + 1));
    }
  }

  void set(const std::string& argument) {
    const auto sign = argument.find('=');
    if (sign == std::string::npos || sign == 0) {
      // Without a sign the whole may be a value, even a secret one: show it only if it is a name.
      const bool named = find_key(argument) != nullptr;
      out_.errors.push_back({named ? "--set " + argument : "--set", named ? argument : "",
                             "expects KEY=VALUE, such as --set sse.heartbeat=30s"});
      return;
    }
    const std::string name = argument.substr(0, sign);
    const std::string_view text = std::string_view(argument).substr(sign + 1);
    const key_spec* const spec = find_key(name);
    if (spec != nullptr) {
      typed(*spec, text, "--set");
    } else if (const key_spec* const owner = owning_table(name); owner != nullptr) {
      raw_value::table entry;
      const std::string place = "--set";
      entry.push_back({name.substr(owner->name.size() + 1), {std::string(text), place, {}}});
      apply(*owner, {std::move(entry), place, {}});
    } else if (is_section(name)) {
      out_.errors.push_back({"--set", name, "\"" + name + "\" is a section: name a key in it"});
    } else {
      unknown("key", name, "--set");
    }
  }

  void flag(std::string_view key, const std::optional<std::string>& text, const char* name) {
    if (!text) return;
    if (text->empty()) {
      out_.errors.push_back({name, std::string(key), "expects a value"});
      return;
    }
    apply(*find_key(key), {*text, name, *text});
  }

 private:
  void apply(const key_spec& spec, const raw_value& from) {
    const value_context in{spec.name, spec.secret, out_.errors};
    if (spec.read(in, from, out_.value)) out_.from[spec.name] = from.place;
  }

  void typed(const key_spec& spec, std::string_view text, std::string place) {
    raw_value from;
    if (spec.secret && !spec.structured && text.find_first_of("\"'") != 0) {
      from = {std::string(text), std::move(place), std::string(text)};
    } else if (!parse_typed(spec, text, std::move(place), from, out_.errors)) {
      return;
    }
    apply(spec, from);
  }

  void table(const raw_value::table& entries, const std::string& prefix) {
    for (const auto& [key, value] : entries) {
      const std::string name = prefix.empty() ? key : prefix + "." + key;
      const auto* const inner = std::get_if<raw_value::table>(&value.data);
      if (const key_spec* const spec = find_key(name); spec != nullptr) {
        apply(*spec, value);
      } else if (!is_section(name)) {
        unknown(inner != nullptr ? "section" : "key", name, value.place);
      } else if (inner != nullptr) {
        table(*inner, name);
      } else {
        out_.errors.push_back(
            {value.place, name, "\"" + name + "\" is a section: write [" + name + "]"});
      }
    }
  }

  void variable(const std::string& name, std::string_view text) {
    std::vector<std::string> names;
    for (const key_spec& spec : schema()) {
      if (spec.variable() == name) {
        // Taken as it stands: shells and unit files have removed their own quotes already.
        const bool toml = spec.structured && text.find_first_of("[{") == 0;
        if (toml) return typed(spec, text, name);
        return apply(spec, {std::string(text), name, std::string(text)});
      }
      names.push_back(spec.variable());
    }
    for (const key_spec& spec : schema()) {
      const std::string section = spec.variable().substr(
          0, variable_prefix.size() + spec.name.substr(0, spec.name.find('.')).size());
      if (!name.starts_with(section + "_")) continue;
      out_.errors.push_back({name, "",
                             "no such key in the section; unset the variable" +
                                 did_you_mean(nearest_name(name, names))});
      return;
    }
  }

  void unknown(std::string_view kind, const std::string& name, const std::string& place) {
    std::string message("unknown ");
    message.append(kind).append(" \"").append(name).append("\"");
    message += did_you_mean(suggest_name(name));
    out_.errors.push_back({place, name, std::move(message)});
  }

  static const key_spec* owning_table(std::string_view name) {
    for (const key_spec& spec : schema()) {
      if (spec.table && name.starts_with(spec.name + ".")) return &spec;
    }
    return nullptr;
  }

  load_result& out_;
};

}  // namespace

load_result load(const load_request& request) {
  load_result out;
  merger merge(out);
  if (request.file) merge.file(*request.file);
  merge.environment(request.environ);
  for (const std::string& argument : request.sets) merge.set(argument);
  merge.flag("node.id", request.node_id, "--node-id");
  merge.flag("listen.public", request.listen, "--listen");
  merge.flag("listen.admin", request.admin, "--admin");
  merge.flag("nats.url", request.nats, "--nats");
  if (out.value.node.id.empty()) out.value.node.id = default_node_id();
  validate(out.value, out.from, out.errors);
  return out;
}

std::vector<std::string> reload_notes(const load_result& before, const load_result& after) {
  const auto place = [](const origins& from, const std::string& key) {
    const auto found = from.find(key);
    return found == from.end() ? std::string("now at its default") : found->second;
  };
  std::vector<std::string> out;
  for (const key_spec& spec : schema()) {
    const bool changed = !spec.same(before.value, after.value);
    const bool file_changed = !spec.same(before.file_value, after.file_value);
    if (changed && !spec.reloadable) {
      out.push_back(spec.name + " (" + place(after.from, spec.name) +
                    ") cannot be reloaded; it takes effect at the next start");
    } else if (file_changed && !changed && after.from.contains(spec.name)) {
      out.push_back(spec.name + " (" + place(after.file_from, spec.name) +
                    ") has no effect: " + place(after.from, spec.name) + " overrides it" +
                    (spec.reloadable ? "" : ", and it cannot be reloaded"));
    }
  }
  return out;
}

void apply_reload(load_result& current, load_result fresh) {
  for (const key_spec& spec : schema())
    if (spec.reloadable) spec.copy(fresh.value, current.value);
  current.from = std::move(fresh.from);
  current.file_value = std::move(fresh.file_value);
  current.file_from = std::move(fresh.file_from);
}

const std::string& default_node_id() {
  static const std::string id = [] {
    std::array<char, 256> host{};
    // The last byte stays 0: a truncated name need not be terminated.
    const bool known = ::gethostname(host.data(), host.size() - 1) == 0;
    std::string name;
    for (const char ch : std::string_view(known ? host.data() : "")) {
      constexpr std::size_t longest = 63;  // a DNS label; leaves room for the end
      if (ch == '.' || name.size() == longest) break;
      const bool plain = (ch >= 'a' && ch <= 'z') || (ch >= 'A' && ch <= 'Z') ||
                         (ch >= '0' && ch <= '9') || ch == '-';
      name += plain ? ch : '-';
    }
    if (name.empty()) name = "node";
    name += '-';
    std::random_device random;
    for (int i = 0; i < 6; ++i) name += "abcdefghijklmnopqrstuvwxyz234567"[random() % 32];
    return name;
  }();
  return id;
}

}  // namespace starling::app
