#include "actors/api/stats.hpp"

#include "actors/api/channel_list.hpp"
#include "actors/api/listing.hpp"
#include "actors/api/node_stats.hpp"
#include "net/base/metrics.hpp"
#include "net/wire/admin_codec.hpp"

namespace starling::actors {

namespace {

using json = api_call::json;

/// Replaces the sums of users and rooms by how many different ones there are.
void count_names(cluster_view& cluster, net::io_loop& loop, const tenant_id& tenant,
                 cluster_stats out, std::function<void(cluster_stats)> done) {
  const auto of = [tenant](channel_kind kind) {
    return channels_question{.kind = kind, .tenant = tenant, .limit = 0};
  };
  const auto note = [](cluster_stats& to, std::uint64_t& count, const auto& given) {
    const auto found = count_distinct(given);
    count = found.count;
    to.distinct = to.distinct && found.exact;
  };
  cluster.ask_all(loop, of(channel_kind::user),
                  [&cluster, &loop, of, note, out = std::move(out),
                   done = std::move(done)](const cluster_answer<channels_answer>& users) mutable {
                    note(out, out.sum.users, users);
                    cluster.ask_all(loop, of(channel_kind::room),
                                    [note, out = std::move(out), done = std::move(done)](
                                        const cluster_answer<channels_answer>& rooms) mutable {
                                      note(out, out.sum.rooms, rooms);
                                      done(std::move(out));
                                    });
                  });
}

void get_stats(const call_ptr& call) {
  // Everything that the caller may see, unless asked for less.
  const bool all = call->all_tenants || (call->caller().is_operator && !call->parameter("tenant"));
  gather_stats(call->parts.cluster, call->loop, all ? tenant_id{} : call->tenant,
               [call, all](const cluster_stats& stats) {
                 json out = stats.sum;
                 if (!all) {  // counted for the node alone
                   out.erase("events_in");
                   out.erase("dropped");
                   out["tenant"] = call->tenant.str();
                 }
                 out["nodes"] = stats.replied.size() + stats.missing.size();
                 out["distinct"] = stats.distinct;
                 out["replied"] = stats.replied;
                 out["missing"] = stats.missing;
                 call->answer(out);
               });
}

/// Counts add up over the nodes; each `bounds_ms` is where a bucket ends, the last has no end.
void get_latency(const call_ptr& call) {
  call->parts.cluster.ask_all(
      call->loop, latency_question{}, [call](const cluster_answer<latency_answer>& given) {
        std::vector<std::uint64_t> counts(latency_bounds.size() + 1);
        for (const auto& part : given.parts)
          for (std::size_t i = 0; i < std::min(counts.size(), part.body.counts.size()); ++i)
            counts[i] += part.body.counts[i];
        std::vector<double> bounds;
        for (const auto ns : latency_bounds) bounds.push_back(static_cast<double>(ns) / ms_in_ns);
        json out{{"bounds_ms", bounds}, {"counts", counts}};
        add_nodes(out, given);
        call->answer(out);
      });
}

}  // namespace

void gather_stats(cluster_view& cluster, net::io_loop& loop, const tenant_id& tenant,
                  std::function<void(cluster_stats)> done) {
  cluster.ask_all(loop, stats_question{tenant},
                  [&cluster, &loop, tenant,
                   done = std::move(done)](const cluster_answer<net::node_stats>& given) mutable {
                    cluster_stats out;
                    for (const auto& part : given.parts) add(out.sum, part.body);
                    out.replied = given.replied();
                    out.missing = given.missing;
                    if (given.parts.size() < 2) return done(std::move(out));
                    count_names(cluster, loop, tenant, std::move(out), std::move(done));
                  });
}

api_rows stats_rows() {
  using enum net::http_method;
  return {
      {get, "/admin/v1/stats", net::access::admin, get_stats, "tenant all_tenants"},
      {get, "/admin/v1/latency", net::access::operator_, get_latency},
  };
}

}  // namespace starling::actors
