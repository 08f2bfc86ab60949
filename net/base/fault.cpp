#include "net/base/fault.hpp"

#include <cstdlib>

#include "net/base/thread_name.hpp"

namespace starling {

namespace {

/// "internal software error" of sysexits.h.
constexpr int fault_exit_code = 70;

[[noreturn]] void on_terminate() noexcept {
  // What is thrown from here on leads here again.
  static thread_local bool ending = false;
  if (ending) std::_Exit(fault_exit_code);
  ending = true;
  const auto fault = std::current_exception();
  end_process("it cannot go on after an exception that nobody caught",
              {{"thread", this_thread_name()},
               {"cause", fault ? cause_of(fault) : "no exception: std::terminate was called"}});
}

}  // namespace

std::string cause_of(const std::exception_ptr& fault) {
  try {
    std::rethrow_exception(fault);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "an exception of an unknown type";
  }
}

void log_caught(std::string_view what, unsigned loop) {
  log::error(std::string(what).append(" failed; the loop goes on"),
             {{"loop", loop}, {"error", cause_of(std::current_exception())}});
}

void end_process(std::string_view why, log::fields about) noexcept {
  log::error(std::string("node ends: ").append(why), about);
  std::_Exit(fault_exit_code);
}

void end_process_on_uncaught() noexcept { std::set_terminate(on_terminate); }

}  // namespace starling
