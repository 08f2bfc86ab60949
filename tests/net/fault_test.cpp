#include "net/base/fault.hpp"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <stdexcept>
#include <string>
#include <thread>

#include "net/base/thread_name.hpp"

namespace starling {

namespace {

struct ending {
  int code = -1;  ///< -1: by a signal
  std::string said;
};

/// Runs `work` in a process of its own, which ends by it.
template <class Work>
ending ending_of(Work work) {
  int lines[2];
  REQUIRE(pipe(lines) == 0);
  const auto child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    log::set_sink([&](log::level, std::string_view message, log::fields about) {
      std::string line(message);
      for (const auto& f : about) line.append(" ").append(f.key).append("=").append(f.value);
      line += '\n';
      if (write(lines[1], line.data(), line.size()) < 0) _exit(1);
    });
    end_process_on_uncaught();
    work();
    _exit(0);
  }
  close(lines[1]);
  ending out;
  char c = 0;
  while (read(lines[0], &c, 1) == 1) out.said += c;
  close(lines[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (WIFEXITED(status)) out.code = WEXITSTATUS(status);
  return out;
}

/// What ends a thread called "worker" by itself.
template <class Fault>
ending ending_of_thread(Fault fault) {
  return ending_of([&] {
    std::thread([&] {
      name_this_thread("worker");
      throw fault;
    }).join();
  });
}

const std::string uncaught = "node ends: it cannot go on after an exception that nobody caught ";

}  // namespace

TEST_SUITE("net/fault") {
  TEST_CASE("an exception that leaves a thread ends the process with 70 and says which and why") {
    const auto seen = ending_of_thread(std::runtime_error("no more paper"));
    CHECK(seen.code == 70);
    CHECK(seen.said == uncaught + "thread=worker cause=no more paper\n");
  }

  TEST_CASE("so does one of any other type") {
    const auto seen = ending_of_thread(7);
    CHECK(seen.code == 70);
    CHECK(seen.said == uncaught + "thread=worker cause=an exception of an unknown type\n");
  }

  TEST_CASE("so does the end of a thread that nobody waits for") {
    const auto seen = ending_of([] {
      name_this_thread("careless");
      std::thread([] {});
    });
    CHECK(seen.code == 70);
    CHECK(seen.said == uncaught + "thread=careless cause=no exception: std::terminate was called\n");
  }

  TEST_CASE("a log that throws then does not keep the process from ending with 70") {
    const auto seen = ending_of([] {
      log::set_sink([](log::level, std::string_view, log::fields) { throw std::bad_alloc(); });
      std::thread([] { throw std::runtime_error("first"); }).join();
    });
    CHECK(seen.code == 70);
    CHECK(seen.said.empty());
  }
}

}  // namespace starling
