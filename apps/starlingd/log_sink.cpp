#include "apps/starlingd/log_sink.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <array>

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

}  // namespace

void install_log(log_format format) {
  auto logger = spdlog::stderr_logger_mt("starlingd");
  logger->set_level(spdlog::level::trace);  // levels are decided before lines are made
  logger->flush_on(spdlog::level::trace);
  const bool json = format == log_format::json;
  logger->set_pattern(json ? R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l",%v})"
                           : "%Y-%m-%dT%H:%M:%S.%e%z %-5l %v");
  log::set_sink([logger, json](log::level at, std::string_view message, log::fields about) {
    logger->log(level_of(at), json ? as_json(message, about) : as_text(message, about));
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
