/// What one run of the program shares: global flags, and the command chosen by the command line.
#pragma once

#include <functional>
#include <string>

#include "apps/starlingctl/client/client.hpp"
#include "apps/starlingctl/client/failure.hpp"
#include "apps/starlingctl/client/options.hpp"
#include "apps/starlingctl/client/paths.hpp"
#include "apps/starlingctl/output/json_view.hpp"

namespace CLI {
class App;
}

namespace starling::ctl {

/// Filled while the command line is parsed; `run` is called after that, so that global flags count
/// wherever they stand. Commands keep a reference to it.
struct invocation {
  global_flags flags;
  tenant_scope scope;
  std::function<exit_code()> run;

  /// The server and token that flags, context and environment name.
  target destination() const;
  client connect() const;
  /// A path of the API, of the tenant that was asked for.
  std::string in_scope(std::string path) const { return scoped(std::move(path), scope); }
};

/// `execute` becomes `inv.run` when the command line names this command.
void on_run(CLI::App& command, invocation& inv, std::function<exit_code()> execute);

/// The answer on stdout: as JSON with --json, else `text`, which ends in a newline.
void print_answer(const invocation& inv, const json& answer, const std::string& text);
/// One line on stderr, so that stdout stays parseable.
void note(const std::string& line);
/// Names on stderr the nodes that are missing from a cluster-wide answer.
void note_missing(const json& answer);

}  // namespace starling::ctl
