#include "apps/starlingctl/output/terminal.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <csignal>
#include <iostream>
#include <sstream>

namespace starling::ctl {
namespace {

volatile std::sig_atomic_t ended = 0;
extern "C" void on_end_signal(int) { ended = 1; }

}  // namespace

bool interactive() { return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO); }

full_screen::full_screen() {
  tcgetattr(STDIN_FILENO, &saved_);
  termios raw = saved_;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
  tcsetattr(STDIN_FILENO, TCSANOW, &raw);
  // No SA_RESTART: poll must return so that the destructor gets to run.
  struct sigaction action {};
  action.sa_handler = on_end_signal;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  std::cout << "\x1b[?1049h\x1b[?25l" << std::flush;
}

full_screen::~full_screen() {
  std::cout << "\x1b[?25h\x1b[?1049l" << std::flush;
  tcsetattr(STDIN_FILENO, TCSANOW, &saved_);
}

void full_screen::show(const std::string& text) {
  winsize size{};
  ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
  const std::size_t rows = size.ws_row ? size.ws_row : 24;
  std::istringstream lines(text);
  std::string line;
  // No line wrap while drawing: a long row is cut at the edge instead of pushing others down.
  std::string out = "\x1b[?7l\x1b[H";
  for (std::size_t i = 0; i < rows && std::getline(lines, line); ++i) {
    if (i > 0) out += "\r\n";
    out += line + "\x1b[K";
  }
  std::cout << out << "\x1b[J\x1b[?7h" << std::flush;
}

char full_screen::wait_key(std::chrono::milliseconds patience) {
  pollfd input{STDIN_FILENO, POLLIN, 0};
  const int ready = poll(&input, 1, static_cast<int>(patience.count()));
  if (ended) return 'q';
  char key = 0;
  if (ready <= 0) return 0;
  return read(STDIN_FILENO, &key, 1) == 1 ? key : 'q';
}

}  // namespace starling::ctl
