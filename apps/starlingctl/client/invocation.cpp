#include "apps/starlingctl/client/invocation.hpp"

#include <CLI/CLI.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

namespace starling::ctl {

target invocation::destination() const { return resolve(flags, process_environment()); }

client invocation::connect() const { return client(destination()); }

void on_run(CLI::App& command, invocation& inv, std::function<exit_code()> execute) {
  command.callback([&inv, execute = std::move(execute)] { inv.run = execute; });
}

void print_answer(const invocation& inv, const json& answer, const std::string& text) {
  if (inv.flags.json) {
    std::cout << answer.dump(2, ' ', false, json::error_handler_t::replace) << "\n";
  } else {
    std::cout << text;
  }
  std::cout.flush();
}

void note(const std::string& line) { std::cerr << line << std::endl; }

void note_missing(const json& answer) {
  const auto missing = texts_at(answer, "missing");
  if (missing.empty()) return;
  note("warning: no answer from " + joined(missing) + "; what they hold is not shown");
}

}  // namespace starling::ctl
