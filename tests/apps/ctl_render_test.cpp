#include "apps/starlingctl/output/render.hpp"

#include <doctest/doctest.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/starlingctl/client/client.hpp"
#include "apps/starlingctl/client/failure.hpp"
#include "apps/starlingctl/client/invocation.hpp"
#include "apps/starlingctl/client/options.hpp"
#include "apps/starlingctl/client/peers.hpp"
#include "apps/starlingctl/commands/commands.hpp"
#include "apps/starlingctl/output/completion.hpp"
#include "apps/starlingctl/output/table.hpp"
#include "apps/starlingctl/output/text.hpp"
#include "apps/starlingctl/output/token_text.hpp"

namespace {

using namespace starling::ctl;

constexpr std::int64_t shown_at = 1'700'000'000'000;

exit_code code_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const failure& e) {
    return e.code();
  }
  return exit_code::ok;
}

environment fake_environment(std::map<std::string, std::string> values) {
  return [values = std::move(values)](const char* name) -> std::optional<std::string> {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::make_optional(found->second);
  };
}

}  // namespace

TEST_SUITE("apps/starlingctl/render") {
  TEST_CASE("columns are as wide as their widest cell and numbers stand right") {
    table rows({"NAME", ">N"});
    rows.add({"a", "10000"});
    rows.add({"längst", "7"});
    rows.add({"", "8"});
    CHECK(rows.str() ==
          "NAME        N\n"
          "a       10000\n"
          "längst      7\n"
          "-           8\n");
  }

  TEST_CASE("what clients chose cannot steer the terminal") {
    CHECK(printable("a\x1b[2Jb\n\x7f") == "a\\x1b[2Jb\\x0a\\x7f");
    CHECK(printable("\xC2\x9Bx") == "\\x9bx");
    CHECK(printable("grüße") == "grüße");
    const json answer = {{"sessions", {{{"client_id", "c"}, {"device", "\x1b]0;x"}}}}};
    CHECK(render_sessions(answer, shown_at).find('\x1b') == std::string::npos);
  }

  TEST_CASE("numbers are shown in the unit a person would take") {
    CHECK(human_bytes(0) == "0 B");
    CHECK(human_bytes(1536) == "1.5 KiB");
    CHECK(human_bytes(64ull << 20) == "64 MiB");
    CHECK(human_seconds(0) == "0 s");
    CHECK(human_seconds(200) == "3 m 20 s");
    CHECK(human_seconds(86400 * 2 + 5) == "2 d");
    CHECK(relative_time(shown_at - 61'000, shown_at) == "1 m 1 s ago");
    CHECK(relative_time(shown_at + 45'000, shown_at) == "in 45 s");
    CHECK(relative_time(0, shown_at) == "-");
    CHECK(utc_time(shown_at) == "2023-11-14 22:13:20 UTC");
    CHECK(count_of(1, "session") == "1 session");
    CHECK(count_of(0, "session") == "0 sessions");
  }

  TEST_CASE("an HTTP date is read as UTC and anything else is no date") {
    CHECK(http_date_ms("Tue, 14 Nov 2023 22:13:20 GMT") == shown_at);
    CHECK(http_date_ms("yesterday") == 0);
  }

  TEST_CASE("a node that is alive but not ready, or without its engine, shows it") {
    const json node = {{"id", "n1"},
                       {"state", "alive"},
                       {"ready", false},
                       {"engine", {{"kind", "nats"}, {"connected", false}}}};
    CHECK(node_state(node) == "alive, not ready");
    CHECK(engine_state(node) == "nats, away");
    const std::string text = render_nodes({{"nodes", {node}}});
    CHECK(text.find("alive, not ready") != std::string::npos);
    CHECK(text.find("nats, away") != std::string::npos);
  }

  TEST_CASE("an answer of a shape nobody expected still renders") {
    for (const json& odd : {json(), json(7), json::array({1, 2}), json{{"nodes", "x"}},
                            json{{"nodes", {1, nullptr, json{{"id", 7}}}}}}) {
      CHECK_FALSE(render_nodes(odd).empty());
      CHECK_FALSE(render_stats(odd).size() > 1000);
      CHECK_FALSE(render_user(odd, shown_at).empty());
    }
  }

  TEST_CASE("a node shows the partitions of the store, when it tells of them") {
    const json part{{"partition", 2}, {"position", 17}, {"lag", 3}, {"leader", "nats-b"}};
    const json leaderless{{"partition", 1}, {"position", 0}, {"lag", 0}};
    const json node{{"id", "n1"}, {"partitions", {leaderless, part}}};
    const std::string text = render_node(node, shown_at);
    CAPTURE(text);
    CHECK(text.find("PARTITION  POSITION  LAG  LEADER") != std::string::npos);
    CHECK(text.find("        2        17    3  nats-b") != std::string::npos);
    CHECK(text.find("        1         0    0  none") != std::string::npos);
    CHECK(render_node({{"id", "n1"}}, shown_at).find("PARTITION") == std::string::npos);
  }

  TEST_CASE("a trace restarts its steps with each node") {
    const std::string text = render_trace({{"room", "lobby"},
                                           {"trace_id", "t"},
                                           {"stored_ms", 1.0},
                                           {"hops",
                                            {{{"node", "n1"}, {"hop", "in"}, {"ms", 1.0}},
                                             {{"node", "n1"}, {"hop", "out"}, {"ms", 1.5}},
                                             {{"node", "n2"}, {"hop", "in"}, {"ms", 4.0}}}}});
    CHECK(text.find("0.50 ms") != std::string::npos);
    CHECK(text.find("4.00 ms  4.00 ms") != std::string::npos);
    CHECK(text.find("clocks") == std::string::npos);
  }

  TEST_CASE("no step of a trace is negative, in whatever order threads report") {
    const auto hop = [](const char* node, const char* name, double ms) {
      return json{{"node", node}, {"hop", name}, {"ms", ms}};
    };
    const std::string text = render_trace(
        {{"room", "lobby"},
         {"trace_id", "t"},
         {"stored_ms", 5.0},
         {"hops", {hop("n1", "stored", 5.0), hop("n1", "shards", 6.0), hop("n1", "room", 5.5)}}});
    CAPTURE(text);
    const auto at = [&](const char* word) { return text.find(word); };
    CHECK(at("n1    stored") < at("n1    room"));
    CHECK(at("n1    room") < at("n1    shards"));
    CHECK(text.find("6.00 ms  0.50 ms") != std::string::npos);
    CHECK(text.find("clocks") == std::string::npos);
  }

  TEST_CASE("a trace says whose clock disagrees, and by how much") {
    const json n2{{"node", "n2"}, {"ahead_ms", -3.0}};
    const json n3{{"node", "n3"}, {"ahead_ms", 40.0}};
    const std::string text = render_trace({{"room", "lobby"},
                                           {"trace_id", "t"},
                                           {"stored_ms", 1.0},
                                           {"hops", {{{"node", "n1"}, {"hop", "x"}, {"ms", 1.0}}}},
                                           {"clocks", {n2, n3}}});
    CAPTURE(text);
    CHECK(text.find("that of n2 is at least 3.00 ms behind that of") != std::string::npos);
    CHECK(text.find("that of n3 is at least 40.0 ms ahead of that of") != std::string::npos);
  }
}

TEST_SUITE("apps/starlingctl/options") {
  TEST_CASE("flags win over the context, and the environment over the default") {
    const auto env = fake_environment(
        {{"STARLINGCTL_SERVER", "http://env:1"}, {"STARLINGCTL_TOKEN", "env-token"}});
    CHECK(resolve({}, env).server == "http://env:1");
    CHECK(resolve({}, env).token == "env-token");
    CHECK(resolve({.server = "flag:2/", .token = "t"}, env).server == "http://flag:2");
    CHECK(resolve({.server = "flag:2/", .token = "t"}, env).token == "t");
    CHECK(resolve({}, fake_environment({})).server == default_server);
  }

  TEST_CASE("a contexts file names server and token per context") {
    const auto contexts =
        parse_contexts("[prod]\nserver = \"http://p:1\"\ntoken = \"x\"\n[dev]\nserver = \"d:2\"\n",
                       "contexts.toml");
    CHECK(contexts.at("prod").token == "x");
    CHECK(contexts.at("dev").server == "d:2");
  }

  TEST_CASE("a wrong contexts file is refused with its line") {
    for (const char* wrong : {"[p]\nserver = 1\n", "[p]\ntoken = \"x\"\n", "[p\n",
                              "[p]\nserver = \"h:1\"\nserfer = \"\"\n", "server = \"h:1\"\n"}) {
      CAPTURE(wrong);
      CHECK(code_of([&] { parse_contexts(wrong, "c.toml"); }) == exit_code::usage);
    }
    CHECK_THROWS_WITH(parse_contexts("[p]\nserver = \"h:1\"\nserfer = \"\"\n", "c.toml"),
                      doctest::Contains("c.toml:3"));
  }

  TEST_CASE("a server is a URL without a path") {
    CHECK(server_url("node:9081") == "http://node:9081");
    CHECK(code_of([] { server_url("ftp://x"); }) == exit_code::usage);
    CHECK(code_of([] { server_url("http://x/admin"); }) == exit_code::usage);
    CHECK(code_of([] { server_url("http://"); }) == exit_code::usage);
  }

  TEST_CASE("refusals become the exit codes of the contract") {
    CHECK(exit_code_for(401) == exit_code::unauthorized);
    CHECK(exit_code_for(403) == exit_code::unauthorized);
    CHECK(exit_code_for(404) == exit_code::not_found);
    CHECK(exit_code_for(400) == exit_code::failed);
    CHECK(exit_code_for(503) == exit_code::failed);
    const json body = {{"error", {{"code", "not_found"}, {"message", "no node n9"}}}};
    CHECK(refusal_text({"http://h:1", "t"}, "GET /x", 404, body) == "no node n9");
    const json no_path = {{"error", {{"code", "not_found"}, {"message", "there is no such path"}}}};
    const auto hint = refusal_text({"http://h:1", "t"}, "GET /admin/v1/nodes", 404, no_path);
    CHECK(hint.starts_with("there is no such path at http://h:1; that may be a node's public"));
    CHECK(hint.find("listen.admin") != std::string::npos);
    CHECK(refusal_text({"http://h:1", "t"}, "GET /x", 404, no_path) == "there is no such path");
    CHECK(refusal_text({"http://h:1", ""}, "GET /x", 401, json()).find("--token") !=
          std::string::npos);
  }

  TEST_CASE("a node is asked directly only where its address leads to it alone") {
    const json nodes = {{{"id", "n1"}, {"admin", "127.0.0.1:9081"}},
                        {{"id", "n2"}, {"admin", "127.0.0.1:9082"}},
                        {{"id", "n3"}, {"admin", "0.0.0.0:9083"}},
                        {{"id", "n4"}, {"admin", "10.0.0.4:9081"}}};
    const auto local = direct_peers(nodes, "http://127.0.0.1:9081");
    CHECK(url_of(local, "n2") == "http://127.0.0.1:9082");
    CHECK(url_of(local, "n3") == "");
    CHECK(node_at(local, "http://127.0.0.1:9081") == "n1");
    const auto remote = direct_peers(nodes, "http://10.0.0.4:9081");
    CHECK(url_of(remote, "n1") == "");
    CHECK(node_at(remote, "http://10.0.0.4:9081") == "n4");
    const json twins = {{{"id", "n1"}, {"admin", "127.0.0.1:9081"}},
                        {{"id", "n2"}, {"admin", "127.0.0.1:9081"}}};
    CHECK(direct_peers(twins, "http://127.0.0.1:9081").empty());
  }
}

TEST_SUITE("apps/starlingctl/token") {
  const json good_header = {{"alg", "HS256"}};

  TEST_CASE("a valid token has no problem and its rights are in words") {
    const json claims = {{"sub", "tess"},
                         {"rooms", {"a", "team-*"}},
                         {"publish", true},
                         {"exp", shown_at / 1000 + 3600}};
    CHECK(token_problems(good_header, claims, shown_at).empty());
    const std::string text = render_token(good_header, claims, shown_at);
    CHECK(text.find("tess") != std::string::npos);
    CHECK(text.find("a, team-*") != std::string::npos);
    CHECK(text.find("to every room, user and session") != std::string::npos);
    CHECK(text.find("in 1 h") != std::string::npos);
  }

  TEST_CASE("what a node would refuse is named") {
    const auto problem = [](const json& header, const json& claims) {
      const auto all = token_problems(header, claims, shown_at);
      return all.size() == 1 ? all.front() : "not one problem";
    };
    const auto exp = shown_at / 1000 + 60;
    CHECK(problem(good_header, {{"sub", "a"}}).find("exp") != std::string::npos);
    CHECK(problem(good_header, {{"exp", shown_at / 1000 - 120}}) == "expired 2 m ago");
    CHECK(problem(good_header, {{"exp", exp}, {"nbf", exp + 60}}).find("not valid yet") == 0);
    CHECK(problem({{"alg", "none"}}, {{"exp", exp}}).find("none") != std::string::npos);
    CHECK(problem(good_header, {{"exp", exp}, {"sub", "a b"}}).find("sub") == 0);
    // Clocks may differ by a minute.
    CHECK(token_problems(good_header, {{"exp", shown_at / 1000 - 30}}, shown_at).empty());
  }

  TEST_CASE("a token is not made for rooms and rights that cannot be") {
    const auto refusal = [](const std::string& flags) -> std::string {
      CLI::App root;
      invocation inv;
      add_token_commands(root, inv);
      root.parse("token create --user u --secret s " + flags);
      const std::ostringstream token;
      const std::unique_ptr<std::streambuf, void (*)(std::streambuf*)> restored(
          std::cout.rdbuf(token.rdbuf()), [](std::streambuf* out) { std::cout.rdbuf(out); });
      try {
        inv.run();
      } catch (const failure& e) {
        CHECK(e.code() == exit_code::usage);
        return e.what();
      }
      return "none";
    };
    CHECK(refusal("--rooms 'a b'").find("\"a b\" can be no room") != std::string::npos);
    CHECK(refusal("--rooms ok,b#d").find("\"b#d\"") != std::string::npos);
    CHECK(refusal("--rooms " + std::string(129, 'r')).find("--rooms") == 0);
    CHECK(refusal("--rooms ,").find("--rooms") == 0);
    CHECK(refusal("--publish 'a b'").find("\"a b\" can be no right") != std::string::npos);
    CHECK(refusal("--publish user:").find("\"user:\"") != std::string::npos);
    CHECK(refusal("--publish client:a/b").find("\"client:a/b\"") != std::string::npos);
    CHECK(refusal("--rooms 'a, team-*' --publish 'chat:*,user:*,client:*,*'") == "none");
    CHECK(refusal("--publish true") == "none");
  }
}

TEST_SUITE("apps/starlingctl/completion") {
  const command_spec tree{"starlingctl",
                          "",
                          {{{"--json"}, "As JSON", false}, {{"--token"}, "Token", true}},
                          {{"nodes", "List the nodes", {}, {}},
                           {"token",
                            "Tokens",
                            {},
                            {{"create", "Make one, isn't it", {{{"--user"}, "Who", true}}, {}}}}}};

  TEST_CASE("every shell is offered every command and flag") {
    for (const auto& script :
         {bash_completion(tree), zsh_completion(tree), fish_completion(tree)}) {
      for (const char* word : {"starlingctl", "nodes", "create", "json", "user"}) {
        CAPTURE(word);
        CHECK(script.find(word) != std::string::npos);
      }
    }
  }

  TEST_CASE("bash offers what may follow the command typed so far") {
    const auto complete = [](const std::string& words, int at) {
      const std::string command =
          "bash -c '" +
          [](std::string text) {
            for (std::size_t i = 0; (i = text.find('\'', i)) != text.npos; i += 4) {
              text.replace(i, 1, "'\\''");
            }
            return text;
          }(bash_completion(tree) + "COMP_WORDS=(" + words + "); COMP_CWORD=" + std::to_string(at) +
            "; _starlingctl; echo \"${COMPREPLY[*]}\"") +
          "'";
      FILE* pipe = popen(command.c_str(), "r");
      REQUIRE(pipe);
      char line[256] = {};
      const bool read = fgets(line, sizeof line, pipe) != nullptr;
      CHECK(pclose(pipe) == 0);
      return read ? std::string(line) : std::string();
    };
    CHECK(complete("starlingctl n", 1) == "nodes\n");
    CHECK(complete("starlingctl --token nodes t", 3) == "token\n");
    CHECK(complete("starlingctl token --json c", 3) == "create\n");
    CHECK(complete("starlingctl token create --u", 3) == "--user\n");
    CHECK(complete("starlingctl nodes --j", 2) == "--json\n");
    CHECK(complete("starlingctl token create --user x", 4) == "\n");
  }
}
