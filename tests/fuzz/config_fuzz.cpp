/// A configuration file, after a first line that is given as `--set`.
#include <sys/mman.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "apps/starlingd/config/config_load.hpp"
#include "apps/starlingd/config/config_schema.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

/// Files that a configuration names are looked at; only those of this machine that end.
bool names_a_device(std::string_view bytes) {
  return bytes.find("/dev") != bytes.npos || bytes.find("/proc") != bytes.npos ||
         bytes.find("/sys") != bytes.npos;
}

std::string file_of(std::string_view text) {
  static const int fd = ::memfd_create("node.toml", 0);
  require(fd >= 0 && ::ftruncate(fd, 0) == 0, "a file in memory can be made");
  require(::pwrite(fd, text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()),
          "and written");
  return "/proc/self/fd/" + std::to_string(fd);
}

}  // namespace

void fuzz(std::string_view bytes) {
  if (names_a_device(bytes)) return;
  const auto typed = fuzz::take_until(bytes, '\n');
  app::load_request request{.file = file_of(bytes)};
  if (!typed.empty()) request.sets = {std::string(typed)};
  const auto loaded = app::load(request);
  for (const auto& each : loaded.errors)
    require(!each.message.empty() && !each.str().empty(), "an error says what is wrong");
  (void)app::effective(loaded.value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  if (!loaded.ok()) return;
  const auto again = app::load(request);
  require(again.ok() && app::reload_notes(loaded, again).empty(),
          "the same file read again is no change");
}
