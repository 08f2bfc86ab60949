#include "net/dialect/poll/poll_sessions.hpp"

#include <boost/asio/post.hpp>

#include "net/dialect/poll/poll_transport.hpp"
#include "net/io/io_loop.hpp"
#include "net/wire/json_writer.hpp"

namespace starling::net::poll {

namespace {

/// Of all farewells together; beyond, the oldest are forgotten, and their clients begin new
/// sessions from their cursors without having been told why.
constexpr std::size_t most_farewell_bytes = 16 * 1024 * 1024;

bool same_user(const identity& one, const identity& other) {
  return one.user == other.user && one.tenant == other.tenant;
}

std::string bare_goodbye(const session_id& id, const cursor& at,
                         const poll_sessions::farewell& of) {
  std::string out;
  {
    json_writer object(out);
    object.raw("events", "[]");
    object.text("cursor", at.str());
    object.text("client_id", id.str());
    object.number("retry_ms", of.retry_ms);
    object.raw("goodbye", of.goodbye);
  }
  return out;
}

}  // namespace

void poll_sessions::add(const session_id& id, io_loop& loop, poll_transport& session) {
  const std::scoped_lock lock(mutex_);
  live_.insert_or_assign(id, place{&loop, &session});
}

void poll_sessions::remove(const session_id& id, std::optional<farewell> last) {
  const auto now = steady_clock::now();
  const std::scoped_lock lock(mutex_);
  live_.erase(id);
  forget_old(now);
  if (!last) return;
  farewell_bytes_ += last->answer.size();
  farewells_.insert_or_assign(id, std::move(*last));
  partings_.push_back({id, now + grace_});
}

void poll_sessions::forget_old(steady_time now) {
  while (!partings_.empty() &&
         (partings_.front().until <= now || farewell_bytes_ > most_farewell_bytes)) {
    if (const auto at = farewells_.find(partings_.front().id); at != farewells_.end()) {
      farewell_bytes_ -= at->second.answer.size();
      farewells_.erase(at);
    }
    partings_.pop_front();
  }
}

std::optional<poll_sessions::place> poll_sessions::find(const session_id& id) {
  const std::scoped_lock lock(mutex_);
  const auto at = live_.find(id);
  if (at == live_.end()) return std::nullopt;
  return at->second;
}

std::optional<std::string> poll_sessions::last_words(const poll_visit& visit) {
  const std::scoped_lock lock(mutex_);
  forget_old(steady_clock::now());
  const auto at = farewells_.find(visit.id);
  if (at == farewells_.end() || !same_user(*at->second.caller, *visit.caller)) return std::nullopt;
  auto last = std::move(at->second);
  farewell_bytes_ -= last.answer.size();
  farewells_.erase(at);
  if (!visit.from || *visit.from == last.after) return std::move(last.answer);
  return bare_goodbye(visit.id, *visit.from, last);
}

void poll_sessions::go_on(poll_visit visit, poll_reply reply,
                          std::function<void(poll_reply)> not_there) {
  const auto home = find(visit.id);
  if (!home) {
    if (auto said = last_words(visit)) return reply(std::move(*said));
    return not_there(std::move(reply));
  }
  boost::asio::post(home->loop->context(),
                    [this, visit = std::move(visit), reply = std::move(reply),
                     not_there = std::move(not_there)]() mutable {
                      const auto here = find(visit.id);  // it may have ended since
                      if (!here) {
                        if (auto said = last_words(visit)) return reply(std::move(*said));
                      } else if (same_user(here->session->caller(), *visit.caller)) {
                        if (here->session->go_on(visit, reply)) return;
                        here->session->abandon();
                      }
                      not_there(std::move(reply));
                    });
}

}  // namespace starling::net::poll
