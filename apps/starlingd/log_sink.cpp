#include "apps/starlingd/log_sink.hpp"

#include <spdlog/pattern_formatter.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

#include "net/wire/codec.hpp"

namespace starling::app {

namespace {

constexpr std::array<std::pair<std::string_view, log::level>, 5> levels{
    {{"trace", log::level::trace},
     {"debug", log::level::debug},
     {"info", log::level::info},
     {"warn", log::level::warn},
     {"error", log::level::error}}};

spdlog::level::level_enum level_of(log::level at) {
  return static_cast<spdlog::level::level_enum>(at);
}

/// `message key=value key="two words"`.
std::string as_text(std::string_view message, log::fields about) {
  std::string out(message);
  for (const auto& f : about) {
    out.append(" ").append(f.key).append("=");
    const bool plain = !f.value.empty() && f.value.find_first_of(" \"=\n\r\t") == f.value.npos;
    if (plain) {
      out += f.value;
    } else {
      out += net::quoted(f.value);
    }
  }
  return out;
}

/// The inside of a JSON object that the pattern completes.
std::string as_json(std::string_view message, log::fields about) {
  std::string out = "\"message\":" + net::quoted(message);
  for (const auto& f : about) {
    out += ',';
    out += net::quoted(f.key);
    out += ':';
    out += net::quoted(f.value);
  }
  return out;
}

void write_line(std::string_view line) {
  while (!line.empty()) {
    const auto written = ::write(STDERR_FILENO, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return;  // nowhere to say it
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

}  // namespace

/// A write of its own for each line: nothing is held back when the process dies, and threads that
/// open sessions wait for no lock of each other (spdlog's own sink has one around its write).
void install_log(log_format format) {
  const bool json = format == log_format::json;
  log::set_sink([json](log::level at, std::string_view message, log::fields about) {
    thread_local spdlog::pattern_formatter formatter(
        json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
             : "%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
    const auto text = json ? as_json(message, about) : as_text(message, about);
    spdlog::memory_buf_t line;
    formatter.format({"starlingd", level_of(at), text}, line);
    write_line({line.data(), line.size()});
  });
}

bool set_log_level(const std::string& name) {
  for (const auto& [text, level] : levels)
    if (text == name) {
      log::set_level(level);
      return true;
    }
  return false;
}

}  // namespace starling::app
