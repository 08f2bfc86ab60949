#include "apps/starlingctl/doctor/doctor_fetch.hpp"

#include <nlohmann/json.hpp>

#include "apps/starlingctl/client/paths.hpp"
#include "apps/starlingctl/client/peers.hpp"
#include "net/auth/sign.hpp"
#include "net/base/clock.hpp"
#include "net/http/url.hpp"

namespace starling::ctl {
namespace {

constexpr int max_session_pages = 20;  // enough to judge by, and quick on a large cluster

node_answer ask_ready(const target& destination) {
  node_answer answer;
  try {
    client node(destination);
    const auto before = wall_ms();
    const reply ready = node.ask("GET", "/readyz");
    answer.reached = true;
    answer.ready = ready.body;
    if (ready.date_ms > 0) answer.clock_offset_ms = ready.date_ms - (before + wall_ms()) / 2;
  } catch (const failure& e) {
    answer.error = e.what();
  }
  return answer;
}

json own_claims(const std::string& token) {
  const auto decoded = net::decode_unverified(token);
  if (!decoded) return {};
  const json claims = json::parse(decoded.value().claims_json, nullptr, false);
  return claims.is_object() ? claims : json();
}

/// The JSON of a 200, null for a 404, nullopt for any other answer.
std::optional<json> ask_one(client& server, const std::string& path) {
  const reply answer = server.ask("GET", path);
  if (answer.status == 200) return answer.body;
  return answer.status == 404 ? std::optional<json>(json()) : std::nullopt;
}

void note_missing_nodes(doctor_facts& facts, const json& answer) {
  for (const std::string& id : texts_at(answer, "missing")) {
    if (!contains(facts.missing, id)) facts.missing.push_back(id);
  }
}

void fetch_nodes(client& server, doctor_facts& facts) {
  const reply answer = server.ask("GET", admin_path("nodes"));
  facts.admin_status = answer.status;
  if (answer.status != 200) {
    facts.admin_error = text_at(object_at(answer.body, "error"), "message");
    return;
  }
  facts.nodes = list_at(answer.body, "nodes");
  note_missing_nodes(facts, answer.body);
  const auto peers = direct_peers(facts.nodes, facts.server);
  facts.asked_node = node_at(peers, facts.server);
  for (const json& row : facts.nodes) {
    const std::string id = text_at(row, "id");
    const std::string url = url_of(peers, id);
    if (url.empty() || text_at(row, "state") == "gone") continue;
    facts.direct[id] = id == facts.asked_node ? facts.asked : ask_ready({url, ""});
  }
}

void fetch_sessions(client& server, doctor_facts& facts) {
  const std::string path = admin_path("sessions");
  facts.sessions = json::array();
  std::string next;
  for (int page = 0; page < max_session_pages; ++page) {
    const auto answer =
        ask_one(server, next.empty() ? path : path + "?after=" + net::percent_encode(next));
    if (!answer || !answer->is_object()) return;
    facts.sessions_known = true;
    note_missing_nodes(facts, *answer);
    for (const json& row : list_at(*answer, "sessions")) facts.sessions.push_back(row);
    next = text_at(*answer, "next");
    if (next.empty()) return;
  }
  facts.sessions_complete = false;
}

void fetch_user(client& server, doctor_facts& facts) {
  facts.user_answer = ask_one(server, admin_path("users", *facts.user));
  if (!facts.user_answer) return;
  facts.sessions = list_at(*facts.user_answer, "details");
  facts.sessions_known = true;
  note_missing_nodes(facts, *facts.user_answer);
}

void fetch_room(client& server, doctor_facts& facts) {
  facts.room_answer = ask_one(server, admin_path("rooms", *facts.room));
  if (facts.room_answer) note_missing_nodes(facts, *facts.room_answer);
  const std::string members = room_path(*facts.room, "members");
  facts.members = list_at(server.ask("GET", members).body, "members");
  if (!facts.user) return;
  const auto row = ask_one(server, members + "/" + net::percent_encode(*facts.user));
  facts.on_roster = row && !row->is_null();
}

}  // namespace

doctor_facts fetch_facts(const target& destination, const std::optional<std::string>& user,
                         const std::optional<std::string>& room) {
  doctor_facts facts;
  facts.server = destination.server;
  facts.now_ms = wall_ms();
  facts.has_token = !destination.token.empty();
  facts.claims = own_claims(destination.token);
  facts.nodes = facts.sessions = facts.members = json::array();
  facts.user = user;
  facts.room = room;
  facts.asked = ask_ready(destination);
  if (!facts.asked.reached) return facts;
  try {
    client server(destination);
    fetch_nodes(server, facts);
    if (facts.admin_status != 200 || engine_away(facts.asked)) return facts;
    user ? fetch_user(server, facts) : fetch_sessions(server, facts);
    if (room) fetch_room(server, facts);
  } catch (const failure& e) {
    facts.asked.reached = false;
    facts.asked.error = e.what();
  }
  return facts;
}

}  // namespace starling::ctl
