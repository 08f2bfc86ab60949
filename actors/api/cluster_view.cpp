#include "actors/api/cluster_view.hpp"

#include <algorithm>
#include <mutex>

#include "cluster/envelope.hpp"
#include "net/base/clock.hpp"
#include "net/wire/admin_codec.hpp"

namespace starling::actors {

using json = nlohmann::json;

namespace {

constexpr std::chrono::milliseconds answer_deadline{1500};

std::string text_at(const json& from, const char* key) {
  const auto found = from.find(key);
  return found != from.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

error engine_away() { return {errc::unavailable, "the engine is away"}; }

errc errc_of(const std::string& code) {
  for (std::size_t i = 0; i < errc_count; ++i)
    if (info(static_cast<errc>(i)).code == code) return static_cast<errc>(i);
  return errc::internal;
}

net::identity_ptr identity_from(const json& from) {
  auto out = std::make_shared<net::identity>();
  out->tenant = tenant_id{text_at(from, "tenant")};
  out->user = user_id{text_at(from, "user")};
  out->device = device_id{text_at(from, "device")};
  out->rooms = from.value("rooms", std::vector<std::string>{});
  out->publish = from.value("publish", std::vector<std::string>{});
  out->expires_s = from.value("expires_s", std::int64_t{0});
  out->publish_all = from.value("publish_all", false);
  out->admin = from.value("admin", false);
  return out;
}

}  // namespace

json outcome_json(const result<void>& outcome) {
  if (outcome) return json::object();
  return {
      {"error", {{"code", info(outcome.error().code).code}, {"message", outcome.error().message}}}};
}

result<void> outcome_of(const result<json>& answer) {
  if (!answer) return answer.error();
  const auto failed = answer->find("error");
  if (failed == answer->end()) return {};
  return error{errc_of(text_at(*failed, "code")), text_at(*failed, "message")};
}

cluster_view::cluster_view(node_context& node, node_directory& nodes, extension other)
    : node_(node), nodes_(nodes), here_(node), other_(std::move(other)) {}

void cluster_view::answer(const json& question, json_done done) const {
  const auto op = text_at(question, "op");
  const auto tenant = tenant_id{text_at(question, "tenant")};
  const auto id = session_id::parse(text_at(question, "session"));
  const auto as_json = [done](auto list) { done(json(std::move(list))); };
  const auto as_outcome = [done](result<void> outcome) { done(outcome_json(outcome)); };
  if (op == "sessions") {
    here_.sessions({tenant, text_at(question, "user"), id}, as_json);
  } else if (op == "rooms") {
    here_.channels(channel_kind::room, as_json);
  } else if (op == "users") {
    here_.channels(channel_kind::user, as_json);
  } else if (op == "presence") {
    here_.presence(room_channel(tenant, text_at(question, "room")), as_json);
  } else if (op == "close" && id) {
    const auto owner = text_at(question, "owner");
    here_.close(*id, tenant.empty() ? std::nullopt : std::optional(tenant),
                owner.empty() ? std::nullopt : std::optional(user_id{owner}), close_code::kicked,
                as_outcome);
  } else if (op == "renew" && id) {
    here_.renew(*id, identity_from(question.value("identity", json::object())), as_outcome);
  } else if (op == "await_membership") {
    node_.roster.send(await_membership{tenant, text_at(question, "room"), text_at(question, "user"),
                                       question.value("member", true),
                                       [done] { done(json::object()); }});
  } else if (op == "trace") {
    trace(room_channel(tenant, text_at(question, "room")), std::move(done));
  } else if (op == "deliver") {
    auto what =
        question.contains("event") && question["event"].is_binary()
            ? cluster::decode({reinterpret_cast<const char*>(question["event"].get_binary().data()),
                               question["event"].get_binary().size()})
            : result<event>(error{errc::malformed, "no event"});
    if (!what) return done(outcome_json(what.error()));
    here_.deliver(std::move(*what), as_outcome);
  } else {
    other_(op, question, std::move(done));
  }
}

void cluster_view::trace(const channel& where, json_done done) const {
  const auto started = steady_clock::now();
  const auto hop = [started](const char* name) {
    const auto passed = steady_clock::now() - started;
    return json{{"hop", name}, {"ms", std::chrono::duration<double, std::milli>(passed).count()}};
  };
  here_.presence(where, [this, hop, done](std::vector<net::presence_user> present) {
    std::uint64_t members = 0;
    for (const auto& user : present) members += user.sessions;
    auto room = hop("bridge and room");
    room["members"] = members;
    // A question about nobody passes every shard and finds nothing.
    here_.sessions({tenant_id{"-"}, {}, {}}, [hop, room, done](const auto&) {
      done(json::array({room, hop("shards")}));
    });
  });
}

void cluster_view::ask_all(json question, std::function<void(cluster_answer)> done) const {
  auto others = nodes_.others(steady_clock::now());
  const auto packed = json::to_cbor(question);
  // Both halves come on threads of their own; whoever is second puts the answer together.
  struct state {
    std::mutex lock;
    int halves = 2;
    cluster_answer out;
    std::vector<std::string> expected;
    std::function<void(cluster_answer)> done;
  };
  auto shared = std::make_shared<state>();
  shared->expected = std::move(others);
  shared->done = std::move(done);
  const auto half_done = [shared](auto fill) {
    {
      const std::lock_guard guard(shared->lock);
      fill(shared->out);
      if (--shared->halves > 0) return;
    }
    auto& out = shared->out;
    for (const auto& node : shared->expected)
      if (std::none_of(out.parts.begin(), out.parts.end(),
                       [&](const auto& part) { return part.node == node; }))
        out.missing.push_back(node);
    shared->done(std::move(out));
  };
  answer(question, [half_done, self = node_.options.id.str()](json body) {
    half_done([&](cluster_answer& out) {
      out.parts.insert(out.parts.begin(), {self, std::move(body)});
    });
  });
  node_.engine->messages().ask_all(std::string(packed.begin(), packed.end()),
                                   shared->expected.size(), answer_deadline,
                                   [half_done](std::vector<cluster::node_reply> replies) {
                                     half_done([&](cluster_answer& out) {
                                       for (auto& reply : replies) {
                                         auto body = json::from_cbor(reply.payload, true, false);
                                         if (!body.is_discarded())
                                           out.parts.push_back({reply.from.str(), std::move(body)});
                                       }
                                     });
                                   });
}

void cluster_view::ask(const std::string& node, json question,
                       cluster::completion<json> done) const {
  if (node == node_.options.id.str())
    return answer(question, [done](json body) { done(std::move(body)); });
  const auto packed = json::to_cbor(question);
  node_.engine->messages().ask(node_id{node}, std::string(packed.begin(), packed.end()),
                               answer_deadline, [done](result<std::string> reply) {
                                 if (!reply) return done(reply.error());
                                 auto body = json::from_cbor(*reply, true, false);
                                 if (body.is_discarded())
                                   return done(error{errc::internal, "unreadable answer"});
                                 done(std::move(body));
                               });
}

void cluster_view::ask_home_of(const session_id& id, json question,
                               cluster::completion<json> done) const {
  if (id.home() == node_.options.tag)
    return ask(node_.options.id.str(), std::move(question), std::move(done));
  const auto owner = nodes_.owner(id.home(), steady_clock::now());
  if (!owner && !node_.engine->messages().connected()) return done(engine_away());
  if (!owner) return done(error{errc::not_found, "no session " + id.str()});
  ask(owner->str(), std::move(question), std::move(done));
}

void cluster_view::deliver(event what, std::function<void(result<void>)> done) {
  const auto id = session_id::parse(what.where.name);
  if (!id) return done(error{errc::malformed, "not a client id: " + what.where.name});
  // The same answer wherever the session is.
  if (!node_.engine->messages().connected()) return done(engine_away());
  if (id->home() == node_.options.tag) return here_.deliver(std::move(what), std::move(done));
  const auto packed = cluster::encode(what);
  json question{{"op", "deliver"}};
  question["event"] = json::binary({packed.begin(), packed.end()});
  ask_home_of(*id, std::move(question), [done](result<json> answer) { done(outcome_of(answer)); });
}

}  // namespace starling::actors
