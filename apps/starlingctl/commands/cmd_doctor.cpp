#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/doctor/doctor.hpp"
#include "apps/starlingctl/doctor/doctor_fetch.hpp"

namespace starling::ctl {
namespace {

struct doctor_args {
  std::string user;
  std::string room;
};

std::optional<std::string> given(const std::string& text) {
  return text.empty() ? std::nullopt : std::make_optional(text);
}

exit_code examine(const invocation& inv, const doctor_args& args) {
  const diagnosis result =
      diagnose(fetch_facts(inv.destination(), given(args.user), given(args.room)));
  print_answer(inv, diagnosis_json(result), render_diagnosis(result));
  return result.findings.empty() ? exit_code::ok : exit_code::failed;
}

}  // namespace

void add_doctor_command(CLI::App& root, invocation& inv) {
  const auto args = std::make_shared<doctor_args>();
  CLI::App* command =
      root.add_subcommand("doctor", "Find out why messages do not arrive, and what to do");
  command->add_option("--user", args->user, "Who gets no messages")->type_name("USER");
  command->add_option("--room", args->room, "The room they should come from")->type_name("ROOM");
  on_run(*command, inv, [&inv, args] { return examine(inv, *args); });
}

}  // namespace starling::ctl
