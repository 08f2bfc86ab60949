#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <memory>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/render.hpp"
#include "net/http/url.hpp"

namespace starling::ctl {
namespace {

struct trial {
  std::string subject;
  std::string file;
  std::string stream;
};

std::string read_payload(const std::string& file) {
  if (file == "-") return {std::istreambuf_iterator<char>(std::cin), {}};
  std::ifstream in(file, std::ios::binary);
  if (!in) throw failure(exit_code::usage, "cannot read " + file);
  return {std::istreambuf_iterator<char>(in), {}};
}

exit_code test_mapping(const invocation& inv, const trial& args) {
  auto path = admin_path("mappings", "test") + "?subject=" + net::percent_encode(args.subject);
  if (!args.stream.empty()) path += "&stream=" + net::percent_encode(args.stream);
  const json answer = inv.connect().call("POST", path, read_payload(args.file));
  print_answer(inv, answer, render_mapping_trial(answer));
  return answer.value("result", "") == "ok" ? exit_code::ok : exit_code::failed;
}

exit_code list_mappings(const invocation& inv) {
  const json answer = inv.connect().get(admin_path("mappings"));
  print_answer(inv, answer, render_mappings(answer));
  note_missing(answer);
  return exit_code::ok;
}

}  // namespace

void add_mapping_commands(CLI::App& root, invocation& inv) {
  CLI::App* mapping =
      root.add_subcommand("mapping", "What becomes of foreign publishers' messages");
  mapping->require_subcommand(1);

  const auto args = std::make_shared<trial>();
  CLI::App* test = mapping->add_subcommand(
      "test", "What the node's rules make of a payload; nothing is published. Exit 1: no event");
  test->add_option("SUBJECT", args->subject, "NATS subject")->required()->type_name("");
  test->add_option("FILE", args->file, "File with the payload; - reads it from stdin")
      ->required()
      ->type_name("");
  test->add_option("--stream", args->stream, "As if read from this JetStream stream");
  on_run(*test, inv, [&inv, args] { return test_mapping(inv, *args); });

  CLI::App* list = mapping->add_subcommand("ls", "The rules, and how often each ran");
  on_run(*list, inv, [&inv] { return list_mappings(inv); });
}

}  // namespace starling::ctl
