#include <array>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/output/render.hpp"
#include "apps/starlingctl/output/table.hpp"

namespace starling::ctl {

namespace {

std::string words(const json& list) {
  std::string out;
  for (const auto& each : list) {
    if (!out.empty()) out += ' ';
    out += each.is_string() ? each.get<std::string>() : each.dump();
  }
  return out;
}

std::string text_of(const json& from, const char* name) {
  const auto found = from.find(name);
  if (found == from.end() || found->is_null()) return {};
  return found->is_string()  ? found->get<std::string>()
         : found->is_array() ? words(*found)
                             : found->dump();
}

}  // namespace

std::string render_mappings(const json& answer) {
  static constexpr std::array results{"ok", "skipped", "bad", "unsigned", "duplicate"};
  table rules(
      {">RULE", "SUBJECT", "STREAM", "FROM", ">OK", ">SKIPPED", ">BAD", ">UNSIGNED", ">DUPLICATE"});
  for (const auto& rule : answer.value("mappings", json::array())) {
    std::vector<std::string> cells;
    for (const auto* name : {"rule", "subject", "stream", "from"})
      cells.push_back(text_of(rule, name));
    for (const auto* name : results) cells.push_back(text_of(rule, name));
    rules.add(std::move(cells));
  }
  if (rules.empty()) return "no mappings\n";
  table sources({"SOURCE", "STREAM", "INGESTED BY", ">LOST"});
  for (const auto& source : answer.value("sources", json::array()))
    sources.add({text_of(source, "subject"), text_of(source, "stream"), text_of(source, "holder"),
                 text_of(source, "lost")});
  return rules.str() + '\n' + sources.str();
}

std::string render_mapping_trial(const json& answer) {
  std::string out = fields({{"result", text_of(answer, "result")},
                            {"rule", text_of(answer, "rule")},
                            {"from", text_of(answer, "from")},
                            {"reason", text_of(answer, "reason")}});
  for (const auto& event : answer.value("events", json::array())) {
    out += '\n';
    out += fields({{"event", text_of(event, "event")},
                   {"tenant", text_of(event, "tenant")},
                   {"rooms", text_of(event, "rooms")},
                   {"users", text_of(event, "users")},
                   {"all", text_of(event, "all")},
                   {"exclude", text_of(event, "exclude")},
                   {"member", text_of(event, "member")},
                   {"id", text_of(event, "id")},
                   {"ephemeral", text_of(event, "ephemeral")},
                   {"data", event.contains("data") ? payload_text(event["data"]) : ""}});
  }
  return out;
}

}  // namespace starling::ctl
