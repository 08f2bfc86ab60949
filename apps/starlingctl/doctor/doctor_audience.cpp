/// Rules of doctor.hpp about sessions, one user and one room.
#include <nlohmann/json.hpp>

#include "apps/starlingctl/doctor/doctor.hpp"
#include "apps/starlingctl/output/text.hpp"

namespace starling::ctl {
namespace {

std::string session_name(const json& s) {
  const std::string device = text_at(s, "device");
  return "session " + text_at(s, "client_id") + " of " + text_at(s, "user") + " on node " +
         text_at(s, "node") + (device.empty() ? "" : " (device " + device + ")");
}

std::string rooms_of_sessions(const json& sessions) {
  std::vector<std::string> rooms;
  for (const json& s : sessions) {
    for (const std::string& room : texts_at(s, "rooms")) {
      if (!contains(rooms, room)) rooms.push_back(room);
    }
  }
  return rooms.empty() ? "no room" : joined(rooms);
}

std::string tenant_hint(const doctor_facts& facts) {
  const std::string tenant = text_at(facts.claims, "tenant");
  return "you see tenant " + (tenant.empty() ? "default" : tenant) + " only, the one of your token";
}

void membership_rule(const doctor_facts& facts, const json& sessions, diagnosis& out) {
  const std::string& user = *facts.user;
  const std::string& room = *facts.room;
  std::vector<std::string> outside;
  for (const json& s : sessions) {
    if (!contains(texts_at(s, "rooms"), room)) outside.push_back(session_name(s));
  }
  const bool member = facts.on_roster || contains(texts_at(*facts.user_answer, "rooms"), room);
  if (!member && outside.size() == sessions.size()) {
    const std::string live = sessions.empty()
                                 ? "no session is open"
                                 : "rooms of " + count_of(sessions.size(), "open session") + ": " +
                                       rooms_of_sessions(sessions);
    out.found({"room", "error",
               "user " + user + " is not a member of room " + room +
                   ": neither the roster nor a session names the room",
               "the roster does not list " + user + "; " + live,
               "starlingctl member add " + room + " " + user +
                   ", or give the client a token whose rooms allow " + room +
                   " and let it connect with ?rooms=" + room});
  } else if (member && !outside.empty()) {
    out.found({"room", "error",
               "user " + user + " is on the roster of room " + room + ", but " +
                   count_of(outside.size(), "session") + " of theirs did not join it",
               joined(outside, "; "),
               "let these clients connect again (reload them); if that does not help, read the log "
               "of their node"});
  } else {
    out.passed("room", "user " + user + " is in room " + room + " by " +
                           (member ? "roster" : "token or request") +
                           (outside.empty() ? "" : "; not with " + joined(outside, "; ")));
  }
}

}  // namespace

void check_sessions(const doctor_facts& facts, diagnosis& out) {
  constexpr std::int64_t slow_events = 50;  // half of what the default outbox holds
  constexpr std::int64_t slow_bytes = 512 * 1024;
  constexpr std::int64_t leeway_ms = 60'000;
  for (const json& s : facts.sessions) {
    const auto events = int_at(s, "queued_events");
    const auto bytes = int_at(s, "queued_bytes");
    if (events >= slow_events || bytes >= slow_bytes) {
      out.found({"sessions", "warning", session_name(s) + " reads too slowly",
                 count_of(static_cast<std::uint64_t>(events), "event") + " and " +
                     human_bytes(static_cast<std::uint64_t>(bytes)) + " wait in its outbox",
                 "look at the client's network or a proxy that buffers; at the outbox limit the "
                 "session is closed and resumes, or loses events (outbox.policy)"});
    }
    const auto expires = int_at(s, "expires_ms");
    if (expires > 0 && expires + leeway_ms < facts.now_ms) {
      out.found({"sessions", "error", "the token of " + session_name(s) + " has expired",
                 "it expired " + relative_time(expires, facts.now_ms),
                 "let the client fetch a new token and connect again, or POST it to "
                 "/api/session/" +
                     text_at(s, "client_id") + "/token"});
    }
  }
  if (facts.sessions.empty()) return;
  out.passed("sessions", count_of(facts.sessions.size(), "session") +
                             (facts.sessions_complete ? "" : " (the first ones)") +
                             " looked at: none slow, no token expired");
}

void check_user(const doctor_facts& facts, diagnosis& out) {
  if (!facts.user_answer) return;
  const json& sessions = list_at(*facts.user_answer, "details");
  if (sessions.empty()) {
    out.found({"user", "error",
               "user " + *facts.user + " is not connected: no sessions on any node",
               "no node holds a session of theirs; " + tenant_hint(facts),
               "look in the client for a refused connection (token expired or of another tenant, "
               "wrong URL, a 204 after being kicked), and check the spelling: starlingctl users"});
  } else {
    out.passed("user", "user " + *facts.user + " has " + count_of(sessions.size(), "session") +
                           " on " + joined(texts_at(*facts.user_answer, "nodes")));
  }
  if (facts.room) membership_rule(facts, sessions, out);
}

void check_room(const doctor_facts& facts, diagnosis& out) {
  if (!facts.room_answer || facts.user) return;
  const auto online = int_at(*facts.room_answer, "members");
  if (online > 0) {
    out.passed("room", "room " + *facts.room + " has " +
                           count_of(static_cast<std::uint64_t>(online), "session") + " on " +
                           joined(texts_at(*facts.room_answer, "nodes")));
    return;
  }
  out.found({"room", "error",
             "room " + *facts.room + " has nobody online: what is published there reaches no one",
             count_of(facts.members.size(), "user") + " on its roster; " + tenant_hint(facts),
             "check the spelling (starlingctl rooms), then one of its users: starlingctl doctor "
             "--user USER --room " +
                 *facts.room});
}

}  // namespace starling::ctl
