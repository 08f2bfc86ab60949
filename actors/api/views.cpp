#include "actors/api/views.hpp"

#include <map>
#include <memory>
#include <optional>

#include "net/service.hpp"

namespace starling::actors {

namespace {

/// A view may say some 20 KiB (what a request's header holds, and a token): a page must stay one
/// message of NATS.
constexpr std::uint64_t page_sessions = 32;

/// Asks all nodes for page after page, until no node has more.
struct collection : std::enable_shared_from_this<collection> {
  collection(cluster_view& cluster, net::io_loop& loop, tenant_id tenant,
             std::function<void(std::vector<std::string>)> done)
      : cluster(cluster), loop(loop), tenant(std::move(tenant)), done(std::move(done)) {}

  void ask(std::string after) {
    cluster.ask_all(
        loop,
        sessions_question{
            .tenant = tenant, .after = std::move(after), .limit = page_sessions, .viewed = true},
        [self = shared_from_this()](const cluster_answer<sessions_answer>& given) {
          self->add(given);
        });
  }

  void add(const cluster_answer<sessions_answer>& given) {
    // A node with a full page may have more: what is beyond its last is asked for again.
    std::optional<std::string> known_up_to;
    for (const auto& part : given.parts)
      if (part.body.sessions.size() >= page_sessions)
        known_up_to = std::min(known_up_to.value_or(part.body.sessions.back().client_id),
                               part.body.sessions.back().client_id);
    std::map<std::string, std::string> page;
    for (const auto& part : given.parts)
      for (const auto& session : part.body.sessions)
        if (!known_up_to || session.client_id <= *known_up_to)
          page.emplace(session.client_id, session.detail);
    for (auto& [id, detail] : page)
      if (out.size() < net::service::max_described) out.push_back(std::move(detail));
    if (known_up_to && out.size() < net::service::max_described) return ask(*known_up_to);
    done(std::move(out));
  }

  cluster_view& cluster;
  net::io_loop& loop;
  const tenant_id tenant;
  const std::function<void(std::vector<std::string>)> done;
  std::vector<std::string> out;
};

}  // namespace

void collect_views(cluster_view& cluster, net::io_loop& loop, const tenant_id& tenant,
                   std::function<void(std::vector<std::string>)> done) {
  std::make_shared<collection>(cluster, loop, tenant, std::move(done))->ask({});
}

}  // namespace starling::actors
