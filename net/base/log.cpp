#include "net/base/log.hpp"

namespace starling::log {

namespace {
sink& current_sink() {
  static sink out;
  return out;
}
std::atomic<level> least_level{level::info};
}  // namespace

void set_sink(sink out) { current_sink() = std::move(out); }
void set_level(level least) noexcept { least_level.store(least, std::memory_order_relaxed); }
level current_level() noexcept { return least_level.load(std::memory_order_relaxed); }

void write(level at, std::string_view message, fields about) {
  if (at < current_level() || !current_sink()) return;
  current_sink()(at, message, about);
}

}  // namespace starling::log
