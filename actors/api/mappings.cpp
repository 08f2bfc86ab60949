// The rules for foreign publishers' messages: which there are, how often each ran, what one makes
// of a payload.
#include "actors/api/api_call.hpp"
#include "actors/ingest/ingestion.hpp"

#include <algorithm>

namespace starling::actors {

namespace {

using json = api_call::json;

/// A payload, and what may be around it.
constexpr std::size_t largest_payload = 4 * 1024 * 1024;

json shown(const net::mapped_event& event) {
  json out;
  out["event"] = event.name.empty() ? json() : json(event.name);
  out["tenant"] = event.tenant ? json(event.tenant->str()) : json();
  if (!event.rooms.empty()) out["rooms"] = event.rooms;
  if (!event.users.empty()) out["users"] = event.users;
  if (event.everyone) out["all"] = true;
  if (!event.exclude.empty()) out["exclude"] = event.exclude;
  if (event.members != net::member_change::none)
    out["member"] = event.members == net::member_change::add ? "add" : "remove";
  if (!event.id.empty()) out["id"] = event.id;
  out["ephemeral"] = event.ephemeral;
  if (event.name.empty()) return out;
  out["data"] = event.data_is_text ? json(event.data) : json::parse(event.data, nullptr, false);
  return out;
}

json shown(const net::rule_set& rules, const net::mapping_verdict& verdict) {
  json out;
  out["result"] = net::to_string(verdict.result);
  out["rule"] = verdict.rule ? json(*verdict.rule + 1) : json();
  out["from"] = verdict.rule ? json(rules.rules()[*verdict.rule].place()) : json();
  out["reason"] = verdict.reason.empty() ? json() : json(verdict.reason);
  out["events"] = json::array();
  for (const auto& event : verdict.events) out["events"].push_back(shown(event));
  return out;
}

void test_mapping(const call_ptr& call) {
  const auto* subject = call->parameter("subject");
  const auto* stream = call->parameter("stream");
  if (!subject || subject->empty())
    return call->fail(
        error{errc::malformed, "?subject= is missing: the NATS subject of the payload"});
  auto* const ingestion = call->parts.ingestion.get();
  const net::rule_set none({});
  const net::foreign_message_view message{
      stream ? std::string_view(*stream) : std::string_view(), *subject, call->request.body, {}};
  if (ingestion)
    call->answer(shown(ingestion->rules(), ingestion->try_out(message)));
  else
    call->answer(shown(none, none.try_out(message)));
}

void add(json& to, const mapping_figures& from) {
  for (std::size_t i = 0; i < std::min(from.counts.size(), net::mapping_result_count); ++i) {
    const auto name = net::to_string(static_cast<net::mapping_result>(i));
    to[name] = to.value(name, std::uint64_t{0}) + from.counts[i];
  }
}

/// Nodes of one cluster have the same rules; where they do not, by number.
json all_rules(const std::vector<net::mapping_rule>& rules,
               const cluster_answer<mappings_answer>& given) {
  json out = json::array();
  for (std::size_t i = 0; i < rules.size(); ++i) {
    json rule{{"rule", i + 1}, {"subject", rules[i].subject().str()}, {"stream", nullptr}};
    if (!rules[i].stream().empty()) rule["stream"] = rules[i].stream();
    rule["from"] = rules[i].place();
    for (const auto& part : given.parts)
      if (i < part.body.rules.size()) add(rule, part.body.rules[i]);
    out.push_back(std::move(rule));
  }
  return out;
}

void list_mappings(const call_ptr& call) {
  call->parts.cluster.ask_all(
      call->loop, mappings_question{}, [call](const cluster_answer<mappings_answer>& given) {
        const auto* const ingestion = call->parts.ingestion.get();
        json sources = json::array();
        if (ingestion)
          for (const auto& each : ingestion->sources()) {
            std::uint64_t lost = 0;
            for (const auto& part : given.parts)
              for (const auto& theirs : part.body.lost)
                if (theirs.stream == each.source.stream && theirs.subject == each.source.subject)
                  lost += theirs.lost;
            sources.push_back(
                {{"subject", each.source.subject},
                 {"stream", each.source.stream.empty() ? json() : json(each.source.stream)},
                 {"holder", each.holder.empty() ? json() : json(each.holder)},
                 {"lost", lost}});
          }
        call->answer(
            {{"mappings", ingestion ? all_rules(ingestion->rules().rules(), given) : json::array()},
             {"sources", std::move(sources)},
             {"replied", given.replied()},
             {"missing", given.missing}});
      });
}

}  // namespace

api_rows mapping_rows() {
  using enum net::http_method;
  using net::access;
  return {
      {get, "/admin/v1/mappings", access::operator_, list_mappings},
      {post, "/admin/v1/mappings/test", access::operator_, test_mapping, "subject stream",
       largest_payload},
  };
}

}  // namespace starling::actors
