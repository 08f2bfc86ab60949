// starlingd: one node. Reads the command line and the configuration, then runs the program.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "apps/starlingd/config/config_load.hpp"
#include "apps/starlingd/config/config_start.hpp"
#include "apps/starlingd/hide_secrets.hpp"
#include "apps/starlingd/program.hpp"

extern char** environ;

/// Read by jemalloc (not there in a sanitized build): what sessions that ended have left is given
/// back to the system within seconds, by a thread of its own, also when nothing happens any more.
extern "C" const char* malloc_conf = "background_thread:true,dirty_decay_ms:1000,muzzy_decay_ms:0";

namespace {

constexpr int usage_error = 2;

int report(const starling::app::config_errors& errors) {
  for (const auto& e : errors) std::fprintf(stderr, "starlingd: %s\n", e.str().c_str());
  return usage_error;
}

}  // namespace

int main(int argc, char** argv) {
  starling::app::load_request request;
  request.environ = environ;
  bool check_only = false;

  CLI::App cli{"Starling: a clustered real-time delivery node"};
  cli.add_option("--config", request.file, "TOML file");
  cli.add_option("--node-id", request.node_id, "name of this node in the cluster");
  cli.add_option("--listen", request.listen, "public HOST:PORT; port 0 picks a free one");
  cli.add_option("--admin", request.admin, "admin HOST:PORT");
  cli.add_option("--nats", request.nats, "NATS URL; without one the embedded memory engine runs");
  cli.add_option("--set", request.sets, "KEY=VALUE, as in the file: sse.heartbeat=5s")
      ->expected(1)
      ->take_all();
  cli.add_flag("--check-config", check_only, "check the configuration and exit");
  cli.set_version_flag("--version", "starlingd " STARLING_VERSION);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return cli.exit(e) == 0 ? 0 : usage_error;
  }
  starling::app::hide_secrets(argc, argv);

  auto loaded = starling::app::load(request);
  auto keys = starling::app::check_start(loaded);
  if (!loaded.ok()) return report(loaded.errors);
  if (check_only) {
    std::puts("configuration ok");
    return 0;
  }
  try {
    return starling::app::run(request, std::move(loaded), std::move(keys));
  } catch (const std::exception& e) {
    std::fprintf(stderr, "starlingd: %s\n", e.what());
    return 1;
  }
}
