/// The terminal as a full-screen display that reacts to single keys.
#pragma once

#include <termios.h>
#include <chrono>
#include <string>

namespace starling::ctl {

/// Both standard input and output are a terminal.
bool interactive();

/// While it lives: alternate screen, no cursor, keys without Enter or echo. Restores all of it,
/// also after SIGINT and SIGTERM, which end `wait_key`.
class full_screen {
 public:
  full_screen();
  ~full_screen();
  full_screen(const full_screen&) = delete;
  full_screen& operator=(const full_screen&) = delete;

  /// Shows `text` from the top, cut to the size of the terminal.
  void show(const std::string& text);
  /// The next key, 0 when none comes in time, `q` when the program was asked to end.
  char wait_key(std::chrono::milliseconds patience);

 private:
  termios saved_{};
};

}  // namespace starling::ctl
