#include "tests/actors/connection_fixture.hpp"

namespace starling::actors::test {

namespace {

/// Shows events whose data begins with a letter, and notes its end.
struct picky final : net::session_view {
  explicit picky(int& ends) : ends(ends) {}
  bool shows(const event& event) override {
    return event.data.str().find(letter) != std::string::npos;
  }
  void ended() override { ++ends; }
  std::string describe() const override { return R"({"picky":true})"; }
  int& ends;
  std::string letter = "x";
};

client_node::client open_with_view(client_node& n, int& ends,
                                   std::vector<publication_ptr> replay = {}) {
  net::stream_request request;
  request.rooms = {"a"};
  request.view = std::make_unique<picky>(ends);
  auto out = n.begin(make_identity("ann"), std::move(request));
  out.ticket->replay = std::move(replay);
  n.let_in(out.ticket);
  REQUIRE(out.line->open);
  out.line->flush();
  return out;
}

}  // namespace

TEST_SUITE("actors/connection view") {
  TEST_CASE("a session with a view gets what its view shows, and moves past the rest") {
    client_node n;
    int ends = 0;
    const auto c = open_with_view(n, ends);
    for (const auto* data : {"x1", "y1", "x2", "y2"}) n.publish("a", data);
    CHECK(c.events() == texts{"x1", "x2"});
    CHECK(c.actor->describe().position == cursor{7, n.position}.str());
    CHECK(c.actor->describe().detail == R"({"picky":true})");
  }

  TEST_CASE("a replay is seen through the view as well") {
    client_node n;
    int ends = 0;
    const auto c =
        open_with_view(n, ends, {make_publication("a", 90, "x"), make_publication("a", 91, "y")});
    CHECK(c.events() == texts{"x"});
  }

  TEST_CASE("a view hears of the end of a session that has begun, once") {
    client_node n;
    int ends = 0;
    const auto c = open_with_view(n, ends);
    CHECK(ends == 0);
    n.closed(c);
    CHECK(ends == 1);

    net::stream_request request;
    request.view = std::make_unique<picky>(ends);
    const auto refused = n.begin(make_identity("bob"), std::move(request));
    n.tell(refused.address, denied{{errc::forbidden, "no"}});
    CHECK(ends == 1);
  }

  TEST_CASE("sessions with a view can be asked for alone") {
    client_node n;
    int ends = 0;
    const auto c = open_with_view(n, ends);
    const auto plain = n.open("bob", {"a"});
    sessions_found found;
    n.tell(n.node.fanouts[0],
           sessions_query{acme, {}, std::nullopt, std::nullopt, 10, true, [&](sessions_found all) {
                            found = std::move(all);
                          }});
    REQUIRE(found.sessions.size() == 1);
    CHECK(found.sessions[0].client_id == c.session->id.str());
  }
}

}  // namespace starling::actors::test
