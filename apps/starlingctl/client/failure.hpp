/// How a command ends: the table of exit codes, and the exception that carries one to `main`.
#pragma once

#include <stdexcept>
#include <string>

namespace starling::ctl {

enum class exit_code : int {
  ok = 0,
  failed = 1,       ///< the server or a check said no; `doctor` has a finding
  usage = 2,        ///< the command line is wrong
  not_found = 3,    ///< no such node, room, user or session
  unreachable = 4,  ///< nothing answers at the server's address
  unauthorized = 5  ///< no token, a bad one, or one without the right
};

/// Ends the command. `what()` goes to stderr: what is wrong, where, what would be right.
class failure : public std::runtime_error {
 public:
  failure(exit_code code, const std::string& message) : runtime_error(message), code_(code) {}
  exit_code code() const noexcept { return code_; }

 private:
  exit_code code_;
};

}  // namespace starling::ctl
