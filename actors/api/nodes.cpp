// The nodes themselves: who is there, and what the operator does to them.
#include "actors/api/api_call.hpp"
#include "net/base/clock.hpp"
#include "net/wire/admin_codec.hpp"
#include "net/wire/json_reader.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

void list_nodes(const call_ptr& call) {
  json list = json::array();
  json there = json::array();
  json missing = json::array();
  for (const auto& node : call->parts.nodes.nodes(steady_clock::now())) {
    list.push_back(node);
    if (node.state == "alive" || node.state == "draining")
      there.push_back(node.id);
    else if (!node.draining || node.state != "gone")  // who said good-bye owes no answer
      missing.push_back(node.id);
  }
  call->answer({{"nodes", std::move(list)},
                {"next", nullptr},
                {"replied", std::move(there)},
                {"missing", std::move(missing)}});
}

/// What the node says about itself, and where it stands in each partition; null when it does not
/// say.
void get_node(const call_ptr& call) {
  const auto& id = call->request.name;
  const auto found = call->parts.nodes.find(id, steady_clock::now());
  if (!found) return call->fail(error{errc::not_found, "no node \"" + id + "\""});
  json out = *found;
  out["partitions"] = nullptr;
  if (found->state == "gone") return call->answer(out);
  call->parts.cluster.ask(call->loop, id, partitions_question{},
                          [call, out = std::move(out)](result<partitions_answer> given) mutable {
                            if (given) out["partitions"] = given->partitions;
                            call->answer(out);
                          });
}

/// Asks the node in the path to do something; `done`: what to answer then.
template <class Command>
void command(const call_ptr& call, Command order, json done) {
  const auto& id = call->request.name;
  const auto found = call->parts.nodes.find(id, steady_clock::now());
  if (!found || found->state == "gone")
    return call->fail(error{errc::not_found, "no node \"" + id + "\""});
  call->parts.cluster.ask(call->loop, id, std::move(order),
                          [call, done = std::move(done)](const result<nothing>& outcome) {
                            if (!outcome) return call->fail(outcome.error());
                            call->answer(done);
                          });
}

void drain_node(const call_ptr& call) {
  command(call, drain_question{}, {{"node", call->request.name}, {"draining", true}});
}

/// `{"level":"debug"}`, nothing else.
std::optional<std::string> read_level(std::string_view body) {
  net::json_reader in(body);
  if (!in.enter()) return std::nullopt;
  std::optional<std::string> out;
  for (std::string name; in.next_member(name);)
    if (name != "level" || !in.read_string(out.emplace())) return std::nullopt;
  return in.finish() ? out : std::nullopt;
}

void set_log_level(const call_ptr& call) {
  const auto level = read_level(call->request.body);
  if (!level) return call->fail(error{errc::malformed, "the body must be {\"level\":\"debug\"}"});
  command(call, log_level_question{*level}, {{"level", *level}});
}

void get_config(const call_ptr& call) { call->answer_text(call->parts.config_json()); }

}  // namespace

api_rows node_rows() {
  using enum net::http_method;
  using net::access;
  return {
      {get, "/admin/v1/nodes", access::admin, list_nodes},
      {get, "/admin/v1/nodes/{node}", access::admin, get_node},
      {post, "/admin/v1/nodes/{node}/drain", access::operator_, drain_node, "", small_body},
      {put, "/admin/v1/nodes/{node}/log-level", access::operator_, set_log_level, "", small_body},
      {get, "/admin/v1/config", access::operator_, get_config},
  };
}

}  // namespace starling::actors
