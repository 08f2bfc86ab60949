#include "actors/api/cluster_view.hpp"

#include "cluster/foreign_messages.hpp"
#include "net/base/clock.hpp"

namespace starling::actors {

namespace {

constexpr std::chrono::milliseconds answer_deadline{1500};

error engine_away() { return {errc::unavailable, "the engine is away"}; }

}  // namespace

result<std::string> cluster_view::home_of(const session_id& id) const {
  if (id.home() == node_.options.tag) return node_.options.id.str();
  const auto owner = nodes_.owner(id.home(), steady_clock::now());
  if (!owner && !node_.engine->messages().connected()) return engine_away();
  if (!owner) return net::no_session(id.str());
  return owner->str();
}

void cluster_view::ask_others(std::string packed, std::size_t expected,
                              std::function<void(replies)> done) const {
  node_.engine->messages().ask_all(std::move(packed), expected, answer_deadline, std::move(done));
}

void cluster_view::ask_other(const std::string& node, std::string packed,
                             cluster::completion<std::string> done) const {
  node_.engine->messages().ask(node_id{node}, std::move(packed), answer_deadline, std::move(done));
}

error cluster_view::unreadable(const std::string& node, std::size_t bytes, const error& why) {
  cluster::refuse(
      why.code == errc::too_large ? cluster::refusal::too_large : cluster::refusal::malformed,
      "answer of " + node, bytes, why.message);
  return {errc::unavailable, "node \"" + node + "\" gave an answer that cannot be read"};
}

void cluster_view::deliver(event item, std::function<void(result<void>)> done) {
  const auto id = session_id::parse(item.channel.name);
  if (!id) return done(error{errc::malformed, "not a client id: " + item.channel.name});
  // The same answer wherever the session is.
  if (!node_.engine->messages().connected()) return done(engine_away());
  const auto home = home_of(*id);
  if (!home) return done(home.error());
  if (*home == node_.options.id.str()) return here_.deliver(std::move(item), std::move(done));
  ask_other(*home, encode(question(deliver_question{std::move(item)})),
            [node = *home, done = std::move(done)](const result<std::string>& reply) {
              if (!reply) return done(reply.error());
              const auto answer = read<deliver_question>(node, *reply);
              done(answer ? result<void>{} : answer.error());
            });
}

}  // namespace starling::actors
