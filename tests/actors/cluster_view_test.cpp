#include "actors/api/cluster_view.hpp"

#include "tests/actors/connection_fixture.hpp"

namespace starling::actors::test {

namespace {

struct view_node : client_node {
  /// What becomes of an event for one session.
  result<void> deliver(const tenant_id& tenant, const session_id& id, const std::string& data) {
    result<void> out = error{errc::internal, "not answered"};
    view.deliver(make_event({tenant, channel_kind::client, id.str()}, data),
                 [&](result<void> reached) { out = std::move(reached); });
    run();
    return out;
  }

  node_directory nodes{node_id{"n1"}};
  node_answers answers{node, {}};
  cluster_view view{node, nodes, answers};
};

}  // namespace

TEST_SUITE("actors/cluster_view") {
  TEST_CASE("an event for a session of another tenant finds nobody") {
    view_node n;
    const auto ann = n.open("ann");
    CHECK(n.deliver(tenant_id{"other"}, ann.session->id, "evil").error().code == errc::not_found);
    CHECK(n.deliver(acme, ann.session->id, "hello").ok());
    CHECK(ann.events() == texts{"hello"});
  }

  TEST_CASE("while the engine is away no event is taken for a session, wherever it is") {
    view_node n;
    const auto ann = n.open("ann");
    n.engine.up = false;
    for (const auto& id : {ann.session->id, session_id::make(1), session_id::make(99)})
      CHECK(n.deliver(acme, id, "x").error().code == errc::unavailable);
    CHECK(ann.events().empty());
    n.engine.up = true;
    CHECK(n.deliver(acme, session_id::make(99), "x").error().code == errc::not_found);
  }
}

}  // namespace starling::actors::test
