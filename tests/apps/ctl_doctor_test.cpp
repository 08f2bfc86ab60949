#include "apps/starlingctl/doctor/doctor.hpp"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

namespace {

using namespace starling::ctl;

constexpr std::int64_t now = 1'700'000'000'000;

json node(const char* id) {
  return {{"id", id},
          {"state", "alive"},
          {"ready", true},
          {"draining", false},
          {"engine", {{"kind", "nats"}, {"connected", true}}}};
}

json ready(bool engine) {
  return {{"status", engine ? "ok" : "not ready"},
          {"checks", {{{"name", "engine"}, {"ok", engine}, {"detail", "NATS at nats://x:4222"}}}}};
}

node_answer answering(bool engine = true) { return {true, "", ready(engine), std::nullopt}; }

json session(const char* user, const char* node, std::vector<std::string> rooms) {
  return {{"client_id", std::string("id-of-") + user},
          {"user", user},
          {"node", node},
          {"rooms", rooms},
          {"expires_ms", now + 3'600'000},
          {"queued_events", 0}};
}

doctor_facts healthy() {
  doctor_facts facts;
  facts.server = "http://127.0.0.1:9081";
  facts.now_ms = now;
  facts.asked = answering();
  facts.asked_node = "n1";
  facts.has_token = true;
  facts.claims = {{"sub", "root"}, {"exp", now / 1000 + 60}};
  facts.admin_status = 200;
  facts.nodes = {node("n1"), node("n2")};
  facts.direct = {{"n1", answering()}, {"n2", answering()}};
  facts.sessions = {session("alice", "n2", {"lobby"})};
  facts.sessions_known = true;
  facts.members = json::array();
  return facts;
}

doctor_facts about(const char* user, const char* room, json sessions, bool on_roster) {
  doctor_facts facts = healthy();
  facts.user = user;
  facts.room = room;
  facts.user_answer = json{{"user", user}, {"details", sessions}, {"nodes", {"n2"}}};
  facts.room_answer = json{{"room", room}, {"members", 1}, {"nodes", {"n2"}}};
  facts.on_roster = on_roster;
  facts.sessions = sessions;
  return facts;
}

/// The one finding; a finding that says so when there is another number of them.
finding only(const doctor_facts& facts) {
  const diagnosis result = diagnose(facts);
  CAPTURE(render_diagnosis(result));
  CHECK(result.findings.size() == 1);
  return result.findings.size() == 1 ? result.findings.front() : finding{};
}

bool says(const finding& f, const char* text) { return f.message.find(text) != f.message.npos; }

}  // namespace

TEST_SUITE("apps/starlingctl/doctor") {
  TEST_CASE("a healthy cluster has no finding") {
    const diagnosis result = diagnose(healthy());
    CAPTURE(render_diagnosis(result));
    CHECK(result.findings.empty());
    CHECK(result.checks.size() >= 5);
    for (const doctor_check& check : result.checks) CHECK(check.ok);
  }

  TEST_CASE("a server that does not answer is the only finding") {
    doctor_facts facts = healthy();
    facts.asked = {false, "connection refused", json(), std::nullopt};
    const finding f = only(facts);
    CHECK(f.check == "server");
    CHECK(f.evidence == "connection refused");
  }

  TEST_CASE("a token is told apart as absent, expired, foreign or without admin") {
    doctor_facts facts = healthy();
    facts.nodes = json::array();
    facts.sessions_known = false;
    facts.admin_status = 403;
    CHECK(says(only(facts), "no admin permission"));
    facts.admin_status = 401;
    CHECK(says(only(facts), "does not accept"));
    facts.claims["exp"] = now / 1000 - 300;
    CHECK(says(only(facts), "expired"));
    facts.has_token = false;
    CHECK(says(only(facts), "no token"));
  }

  TEST_CASE("NATS away is one finding that names all nodes that lost it") {
    doctor_facts facts = healthy();
    facts.asked = answering(false);
    facts.direct = {{"n1", answering(false)}, {"n2", answering(false)}};
    facts.sessions_known = false;
    const finding f = only(facts);
    CHECK(says(f, "NATS"));
    CHECK(says(f, "n1, n2"));
    CHECK(f.severity == "error");
    CHECK(f.evidence.find("nats://x:4222") != std::string::npos);
  }

  TEST_CASE("a node that cannot be asked is judged by what it announced") {
    doctor_facts facts = healthy();
    facts.direct.erase("n2");
    facts.nodes[1]["engine"]["connected"] = false;
    facts.nodes[1]["ready"] = false;
    CHECK(says(only(facts), "NATS is away from node n2"));
    facts.nodes[1]["engine"]["connected"] = true;
    CHECK(says(only(facts), "node n2 is not ready"));
  }

  TEST_CASE("a node that is gone is a finding, one that drained is not") {
    doctor_facts facts = healthy();
    facts.direct.erase("n2");
    facts.nodes[1]["state"] = "gone";
    facts.missing = {"n2"};
    CHECK(says(only(facts), "node n2 is gone"));
    facts.nodes[1]["draining"] = true;
    CHECK(diagnose(facts).findings.empty());
    facts.missing.clear();
    CHECK(diagnose(facts).findings.empty());
  }

  TEST_CASE("a draining node is not called unready") {
    doctor_facts facts = healthy();
    facts.nodes[1]["state"] = "draining";
    facts.nodes[1]["ready"] = false;
    facts.direct["n2"].ready = {{"checks", {{{"name", "drain"}, {"ok", false}}}}};
    CHECK(diagnose(facts).findings.empty());
  }

  TEST_CASE("silence is found: suspect, missing from answers, deaf admin listener") {
    doctor_facts facts = healthy();
    facts.missing = {"n2"};
    CHECK(says(only(facts), "does not answer questions"));
    facts.missing.clear();
    facts.direct["n2"] = {false, "timed out", json(), std::nullopt};
    CHECK(says(only(facts), "admin listener does not answer"));
    facts.direct.erase("n2");
    facts.nodes[1]["state"] = "suspect";
    CHECK(says(only(facts), "fallen silent"));
  }

  TEST_CASE("clocks may differ by seconds, not by more") {
    doctor_facts facts = healthy();
    facts.direct["n1"].clock_offset_ms = -1000;
    facts.direct["n2"].clock_offset_ms = 3000;
    CHECK(diagnose(facts).findings.empty());
    facts.direct["n2"].clock_offset_ms = 60'000;
    const finding f = only(facts);
    CHECK(f.check == "clock");
    CHECK(says(f, "n2 is 1 m 1 s ahead of node n1"));
  }

  TEST_CASE("slow readers and expired tokens are found per session") {
    doctor_facts facts = healthy();
    facts.sessions[0]["queued_events"] = 80;
    CHECK(says(only(facts), "reads too slowly"));
    facts.sessions[0]["queued_events"] = 3;
    facts.sessions[0]["queued_bytes"] = 900'000;
    CHECK(says(only(facts), "reads too slowly"));
    facts.sessions[0]["queued_bytes"] = 0;
    facts.sessions[0]["expires_ms"] = now - 30'000;  // within the leeway
    CHECK(diagnose(facts).findings.empty());
    facts.sessions[0]["expires_ms"] = now - 90'000;
    CHECK(says(only(facts), "has expired"));
    facts.sessions[0]["expires_ms"] = 0;
    CHECK(diagnose(facts).findings.empty());
  }

  TEST_CASE("a user outside the room is told so with the rooms they are in") {
    const finding f = only(about("carl", "lobby", {session("carl", "n1", {"other"})}, false));
    CHECK(says(f, "user carl is not a member of room lobby"));
    CHECK(f.evidence.find("other") != std::string::npos);
    CHECK(f.fix.find("member add lobby carl") != std::string::npos);
  }

  TEST_CASE("a user is in the room by session, or by roster with every session") {
    const json in = {session("alice", "n2", {"lobby"})};
    CHECK(diagnose(about("alice", "lobby", in, false)).findings.empty());
    CHECK(diagnose(about("alice", "lobby", in, true)).findings.empty());
    const json out = {session("alice", "n2", {})};
    CHECK(says(only(about("alice", "lobby", out, true)), "did not join"));
    doctor_facts by_answer = about("alice", "lobby", out, false);
    (*by_answer.user_answer)["rooms"] = {"lobby"};
    CHECK(says(only(by_answer), "did not join"));
  }

  TEST_CASE("a second device outside the room is mentioned but is no finding") {
    const json mixed = {session("alice", "n1", {}), session("alice", "n2", {"lobby"})};
    const diagnosis result = diagnose(about("alice", "lobby", mixed, false));
    CHECK(result.findings.empty());
    CHECK(render_diagnosis(result).find("not with session") != std::string::npos);
  }

  TEST_CASE("a user without sessions is not connected, known or not") {
    CHECK(says(only(about("bob", "lobby", json::array(), true)), "not connected"));
    doctor_facts unknown = healthy();
    unknown.user = "bbo";
    unknown.user_answer = json();
    const finding f = only(unknown);
    CHECK(says(f, "bbo is not connected"));
    CHECK(f.evidence.find("tenant default") != std::string::npos);
  }

  TEST_CASE("a room is judged by who is online in it") {
    doctor_facts facts = healthy();
    facts.room = "lobby";
    facts.room_answer = json{{"room", "lobby"}, {"members", 2}, {"nodes", {"n1"}}};
    CHECK(diagnose(facts).findings.empty());
    facts.room_answer = json();
    CHECK(says(only(facts), "nobody online"));
  }

  TEST_CASE("the JSON form carries every field of every finding") {
    const json answer =
        diagnosis_json(diagnose(about("carl", "lobby", {session("carl", "n1", {})}, false)));
    REQUIRE(answer["findings"].size() == 1);
    for (const char* key : {"check", "severity", "message", "evidence", "fix"}) {
      CHECK_FALSE(answer["findings"][0][key].get<std::string>().empty());
    }
    bool failed = false;
    for (const json& check : answer["checks"]) failed = failed || !check["ok"].get<bool>();
    CHECK(failed);
  }
}
