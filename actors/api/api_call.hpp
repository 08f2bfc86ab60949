/// One request of the API, from its row to its answer.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "actors/api/cluster_view.hpp"
#include "actors/messages/context.hpp"
#include "net/service.hpp"

namespace starling::actors {

/// What the answers are made of.
struct api_parts {
  node_context& node;
  node_directory& nodes;
  cluster_view& cluster;
  std::function<std::string()> config_json;
  const std::unique_ptr<class ingestion>& ingestion;  ///< empty where nothing is ingested
};

/// Shared by all who owe a part of its answer; when they are gone without one, the front answers
/// 500. Everything happens on the thread of `loop`.
class api_call {
 public:
  /// Answers keep the order in which they are written: lists first, then who answered.
  using json = nlohmann::ordered_json;
  using replier = std::function<void(net::api_reply)>;

  api_call(api_parts& parts, net::io_loop& loop, net::api_request request, replier reply)
      : parts(parts), loop(loop), request(std::move(request)), reply_(std::move(reply)) {}

  // Once.
  void answer(const json& body);
  void answer_text(std::string body);
  void fail(const error& why);

  /// A query parameter; nullptr when it is not there.
  const std::string* parameter(const std::string& name) const;
  const net::identity& caller() const noexcept { return *request.caller; }
  /// `then` for an actor, the engine or another thread to call: it runs on `loop`, unless the node
  /// ends. It must hold this call.
  template <class Then>
  auto back(Then then) {
    return back_on(loop, [this, then = std::move(then)]<class... Args>(Args&&... args) mutable {
      if (!parts.cluster.closed()) then(std::forward<Args>(args)...);
    });
  }

  api_parts& parts;
  net::io_loop& loop;
  const net::api_request request;
  tenant_id tenant;          ///< the caller's, or the one that an operator asks about
  bool all_tenants = false;  ///< an operator asks about all of them
  /// For questions where an empty tenant means all.
  tenant_id asked_tenant() const { return all_tenants ? tenant_id{} : tenant; }

 private:
  replier reply_;
};
using call_ptr = std::shared_ptr<api_call>;

/// A row of the API, see net::route. Where `query` names `tenant` (and `all_tenants`) an operator
/// may ask about others; `api_call::tenant` is decided before `run`.
struct api_row {
  net::http_method method;
  std::string_view path;
  net::access needs;
  void (*run)(const call_ptr& call);
  std::string_view query = {};
  std::size_t max_body = 0;
};
using api_rows = std::vector<api_row>;

/// For commands whose body says nothing.
inline constexpr std::size_t small_body = 1024;

// Each beside its handlers.
api_rows history_rows();
api_rows presence_rows();
api_rows member_rows();
api_rows bulk_member_rows();
api_rows node_rows();
api_rows room_rows();
api_rows user_rows();
api_rows session_rows();
api_rows stats_rows();
api_rows trace_rows();
api_rows mapping_rows();

inline constexpr auto all_rows = {history_rows, presence_rows, member_rows, bulk_member_rows,
                                  node_rows,    room_rows,     user_rows,   session_rows,
                                  stats_rows,   trace_rows,    mapping_rows};

/// For the front. `parts` outlives the server.
std::vector<net::api_route> api_routes(api_parts& parts);

/// Calls `allowed` when the caller may hear `room`, by token, roster or as administrator; else the
/// call fails.
void if_may_read(const call_ptr& call, const std::string& room, std::function<void()> allowed);

}  // namespace starling::actors
