#include "actors/runtime/supervision.hpp"

#include <cstdlib>

#include "net/base/log.hpp"

namespace starling::actors {

namespace {
/// "internal software error" of sysexits.h.
constexpr int fault_exit_code = 70;
}  // namespace

void end_process(std::string_view actor, std::string_view message, std::string_view cause) {
  log::error("node ends: it cannot go on without an actor that had a fault",
             {{"actor", actor}, {"message", message}, {"cause", cause}});
  std::_Exit(fault_exit_code);
}

}  // namespace starling::actors
