/// What happens when an actor has a fault.
#pragma once

#include <cstdint>
#include <string_view>

namespace starling::actors {

/// Every kind of actor has one; nothing that others wait for is ever just missing.
enum class fault_policy : std::uint8_t {
  end_actor,   ///< its on_exit tells those who then rebuild it, or whose client comes back
  end_process  ///< the node cannot go on without its state: its supervisor starts it again
};

/// Logs the fault as the process's last line and ends it with exit code 70. Any thread.
[[noreturn]] void end_process(std::string_view actor, std::string_view message,
                              std::string_view cause);

}  // namespace starling::actors
