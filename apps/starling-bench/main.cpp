/// starling-bench: load and latency of a running cluster. See --help and README.md.
#include "apps/starling-bench/plan/options.hpp"
#include "apps/starling-bench/report/report.hpp"
#include "apps/starling-bench/run/scenarios.hpp"
#include "apps/starling-bench/run/world.hpp"

#include <exception>
#include <fstream>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

constexpr int exit_ok = 0;
constexpr int exit_failed = 1;
constexpr int exit_usage = 2;

bool write_file(const std::string& path, const std::string& content) {
  if (path.empty()) return true;
  std::ofstream file(path, std::ios::trunc);
  file << content << std::flush;
  if (!file) std::cerr << "starling-bench: cannot write " << path << '\n';
  return static_cast<bool>(file);
}

void run(starling::bench::world& all) {
  using starling::bench::run_mode;
  switch (all.asked.mode) {
    case run_mode::idle: return run_idle(all);
    case run_mode::churn: return run_churn(all);
    case run_mode::recovery: return run_recovery(all);
    default: return run_traffic(all);
  }
}

}  // namespace

int main(int argc, char** argv) {
  starling::bench::options asked;
  if (const int code = starling::bench::parse_options(argc, argv, asked); code >= 0) return code;
  try {
    starling::bench::report result;
    starling::bench::world all(asked, result);
    run(all);
    print_table(std::cout, asked, result);
    const bool written = write_file(asked.json_file, to_json(asked, result)) &&
                         write_file(asked.html_file, to_html(asked, result));
    return result.failures.empty() && written ? exit_ok : exit_failed;
  } catch (const std::invalid_argument& error) {
    std::cerr << "starling-bench: " << error.what() << '\n';
    return exit_usage;
  } catch (const std::exception& error) {
    std::cerr << "starling-bench: " << error.what() << '\n';
    return exit_failed;
  }
}
