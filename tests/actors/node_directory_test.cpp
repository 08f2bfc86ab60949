#include "actors/base/node_directory.hpp"

#include <doctest/doctest.h>

namespace starling::actors {

namespace {

using namespace std::chrono_literals;

struct cluster_of {
  node_directory nodes{node_id{"n1"}};
  steady_time now = steady_time{} + 1h;

  bool beat(const std::string& id, bool leaving = false, std::int64_t started_ms = 1,
            node_tag32 tag = 0, bool draining = false) {
    net::node_info info;
    info.id = id;
    info.started_ms = started_ms;
    info.tag = tag;
    info.draining = draining;
    return nodes.heard(info, leaving, now) == node_directory::news::joined;
  }
  std::string state(const std::string& id) {
    const auto found = nodes.find(id, now);
    return found ? found->state : "unknown";
  }
};

}  // namespace

TEST_SUITE("actors/node_directory") {
  TEST_CASE("a node that falls silent is suspect, then gone, then forgotten") {
    cluster_of c;
    CHECK(c.beat("n2"));
    CHECK(c.state("n2") == "alive");
    c.now += 2999ms;
    CHECK(c.state("n2") == "alive");
    c.now += 1ms;
    CHECK(c.state("n2") == "suspect");
    CHECK(c.nodes.newly_gone(c.now).empty());
    CHECK(c.nodes.others(c.now) == std::vector<std::string>{"n2"});
    c.now += 7s;
    CHECK(c.state("n2") == "gone");
    CHECK(c.nodes.others(c.now).empty());
    CHECK(c.nodes.newly_gone(c.now) == std::vector{node_id{"n2"}});
    CHECK(c.nodes.newly_gone(c.now).empty());  // said once
    CHECK(c.state("n2") == "gone");
    c.now += 50s;
    CHECK(c.nodes.newly_gone(c.now).empty());
    CHECK(c.state("n2") == "unknown");
  }

  TEST_CASE("of two nodes with one id the one that was started later counts, while it is heard") {
    cluster_of c;
    CHECK(c.beat("n2", false, 10));
    CHECK(c.beat("n2", false, 20));  // a restart
    CHECK(c.nodes.newly_gone(c.now) == std::vector{node_id{"n2"}});
    net::node_info earlier;
    earlier.id = "n2";
    earlier.started_ms = 10;
    CHECK(c.nodes.heard(earlier, false, c.now) == node_directory::news::superseded);
    CHECK(c.nodes.heard(earlier, true, c.now) == node_directory::news::superseded);
    CHECK(c.nodes.find("n2", c.now)->started_ms == 20);
    CHECK(c.nodes.newly_gone(c.now).empty());
    // The clock of a node that restarts may have been set back.
    c.now += node_directory::suspect_after;
    CHECK(c.beat("n2", false, 10));
    CHECK(c.beat("n2", false, 20));
    CHECK(c.beat("n2", true, 20) == false);
    CHECK(c.beat("n2", false, 10));  // the other one had left
  }

  TEST_CASE("no more than a thousand nodes are known at a time") {
    cluster_of c;
    for (std::size_t i = 0; i < node_directory::max_nodes; ++i)
      REQUIRE(c.beat("n" + std::to_string(i)));
    net::node_info more;
    more.id = "one too many";
    CHECK(c.nodes.heard(more, false, c.now) == node_directory::news::refused);
    CHECK(c.state("one too many") == "unknown");
    CHECK_FALSE(c.beat("n7"));  // known, and heard
    c.now += 61s;
    c.nodes.newly_gone(c.now);
    CHECK(c.beat("one too many"));
  }

  TEST_CASE("a node not looked at until it may be forgotten is still reported gone") {
    cluster_of c;
    c.beat("n2");
    c.now += 2min;
    CHECK(c.nodes.newly_gone(c.now) == std::vector{node_id{"n2"}});
    CHECK(c.state("n2") == "unknown");
  }

  TEST_CASE("only what changes is news") {
    cluster_of c;
    CHECK(c.beat("n2"));
    CHECK_FALSE(c.beat("n2"));
    c.now += 5s;
    CHECK_FALSE(c.beat("n2"));  // was suspect only
    CHECK(c.state("n2") == "alive");
    CHECK(c.beat("n2", false, 2));  // restarted
    c.now += 11s;
    c.nodes.newly_gone(c.now);
    CHECK(c.beat("n2", false, 2));  // back from the gone
    CHECK(c.state("n2") == "alive");
    c.now += 11s;
    CHECK(c.nodes.newly_gone(c.now) == std::vector{node_id{"n2"}});  // and gone once more
  }

  TEST_CASE("a node that says it leaves is gone at once") {
    cluster_of c;
    c.beat("n2");
    c.beat("n2", true);
    CHECK(c.state("n2") == "gone");
    CHECK(c.nodes.newly_gone(c.now) == std::vector{node_id{"n2"}});
    CHECK(c.nodes.newly_gone(c.now).empty());
    CHECK(c.beat("n2", false, 2));
    CHECK(c.state("n2") == "alive");
  }

  TEST_CASE("a node that restarts has lost the sessions of its life before") {
    cluster_of c;
    c.beat("n2", false, 1);
    c.beat("n2", false, 2);
    CHECK(c.nodes.newly_gone(c.now) == std::vector{node_id{"n2"}});
    CHECK(c.nodes.newly_gone(c.now).empty());
    CHECK(c.state("n2") == "alive");
  }

  TEST_CASE("a node that drains says so as long as it is heard") {
    cluster_of c;
    c.beat("n2", false, 1, 0, true);
    CHECK(c.state("n2") == "draining");
    c.now += 4s;
    CHECK(c.state("n2") == "suspect");
  }

  TEST_CASE("this node is one of the nodes, but no other") {
    cluster_of c;
    c.beat("n3");
    c.beat("n1");
    c.beat("n2");
    const auto all = c.nodes.nodes(c.now);
    REQUIRE(all.size() == 3);
    CHECK(all[0].id == "n1");
    CHECK(all[2].id == "n3");
    CHECK(c.nodes.others(c.now) == std::vector<std::string>{"n2", "n3"});
  }

  TEST_CASE("a session's tag names its node while that node is not gone") {
    cluster_of c;
    c.beat("n2", false, 1, 77);
    CHECK(c.nodes.owner(77, c.now) == node_id{"n2"});
    CHECK_FALSE(c.nodes.owner(78, c.now).has_value());
    c.beat("n2", false, 2, 79);
    CHECK_FALSE(c.nodes.owner(77, c.now).has_value());
    c.now += 10s;
    CHECK_FALSE(c.nodes.owner(79, c.now).has_value());
  }
}

}  // namespace starling::actors
