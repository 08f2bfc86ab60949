#include "actors/room/user_control.hpp"

#include <charconv>

namespace starling::actors {

// Lines of words: `from NODE`, `ask`, `open SESSION OPENED_NS [DEVICE]`, `closed SESSION`. Ids,
// nodes and devices have no spaces by their own rules.

std::string encode(const user_control& control) {
  std::string out = "from " + control.from.str();
  if (control.ask) out += "\nask";
  for (const auto& s : control.opened) {
    out += "\nopen " + s.id.str() + ' ' + std::to_string(s.opened_ns);
    if (!s.device.empty()) out += ' ' + s.device.str();
  }
  for (const auto& id : control.closed) out += "\nclosed " + id.str();
  return out;
}

namespace {

std::string_view cut(std::string_view& text, char at) {
  const auto end = text.find(at);
  const auto word = text.substr(0, end);
  text = end == text.npos ? std::string_view{} : text.substr(end + 1);
  return word;
}

std::optional<user_session> parse_open(std::string_view line) {
  user_session out;
  const auto id = session_id::parse(cut(line, ' '));
  const auto when = cut(line, ' ');
  const auto parsed = std::from_chars(when.data(), when.data() + when.size(), out.opened_ns);
  if (!id || parsed.ec != std::errc{}) return std::nullopt;
  if (!line.empty() && !valid_user(line)) return std::nullopt;
  out.id = *id;
  out.device = device_id{std::string(line)};
  return out;
}

}  // namespace

std::optional<user_control> decode_user_control(std::string_view text) {
  user_control out;
  while (!text.empty() && out.opened.size() + out.closed.size() <= max_sessions_told) {
    auto line = cut(text, '\n');
    const auto verb = cut(line, ' ');
    if (verb == "from") {
      if (!valid_user(line)) return std::nullopt;
      out.from = node_id{std::string(line)};
    } else if (verb == "ask") {
      out.ask = true;
    } else if (verb == "open") {
      auto parsed = parse_open(line);
      if (!parsed) return std::nullopt;
      out.opened.push_back(std::move(*parsed));
    } else if (verb == "closed") {
      const auto id = session_id::parse(line);
      if (!id) return std::nullopt;
      out.closed.push_back(*id);
    } else {
      return std::nullopt;
    }
  }
  const bool all_read = out.opened.size() + out.closed.size() <= max_sessions_told;
  if (out.from.empty() || !all_read) return std::nullopt;
  return out;
}

}  // namespace starling::actors
