#include "apps/starlingd/log_sink.hpp"

#include <spdlog/logger.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/sink.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

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

/// A write of its own for each line: nothing is held back when the process dies, and threads that
/// open sessions wait for no lock of each other (spdlog's stderr sink has one around its write).
class line_sink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    thread_local const auto formatter = pattern_->clone();
    spdlog::memory_buf_t line;
    formatter->format(message, line);
    const char* at = line.data();
    for (auto left = line.size(); left > 0;) {
      const auto written = ::write(STDERR_FILENO, at, left);
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return;  // nowhere to say it
      at += written;
      left -= static_cast<std::size_t>(written);
    }
  }
  void flush() override {}
  void set_pattern(const std::string& pattern) override {
    set_formatter(std::make_unique<spdlog::pattern_formatter>(pattern));
  }
  /// Before the first line only.
  void set_formatter(std::unique_ptr<spdlog::formatter> formatter) override {
    pattern_ = std::move(formatter);
  }

 private:
  std::unique_ptr<spdlog::formatter> pattern_;
};

}  // namespace

void install_log(log_format format) {
  const auto logger = std::make_shared<spdlog::logger>("starlingd", std::make_shared<line_sink>());
  logger->set_level(spdlog::level::trace);  // levels are decided before lines are made
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
