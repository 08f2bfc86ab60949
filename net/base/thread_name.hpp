/// Threads have names: for top, gdb, starling-bench and the log.
#pragma once

#include <pthread.h>

#include <array>
#include <string>

namespace starling {

/// `name`: at most 15 characters; longer ones change nothing. Threads that this one starts have it
/// too, until they get their own.
inline void name_this_thread(const std::string& name) noexcept {
  pthread_setname_np(pthread_self(), name.c_str());
}

/// Empty where it cannot be told.
inline std::string this_thread_name() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

}  // namespace starling
