/// A fault of our own: what is known of it, and how a process ends that cannot go on.
#pragma once

#include <exception>
#include <string>
#include <string_view>

#include "net/base/log.hpp"

namespace starling {

/// What a caught exception says, for the log.
std::string cause_of(const std::exception_ptr& fault);

/// Logs the exception that is being handled: "`what` failed; the loop goes on". `loop`: its index.
void log_caught(std::string_view what, unsigned loop);

/// Logs `why` as the process's last line, "node ends: ...", and ends it with exit code 70. Nothing
/// is cleaned up: its supervisor starts it again. Any thread.
[[noreturn]] void end_process(std::string_view why, log::fields about) noexcept;

/// From now on an exception that nobody catches (it leaves a thread, or what must not throw) ends
/// the process by end_process(); the line names the thread. Call before threads start.
void end_process_on_uncaught() noexcept;

}  // namespace starling
