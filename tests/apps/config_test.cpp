#include "apps/starlingd/config/config_mapping.hpp"
#include "apps/starlingd/config/config_schema.hpp"
#include "net/base/ids.hpp"
#include "tests/apps/config_fixture.hpp"
#include "tests/net/tls_fixture.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace starling::app {
namespace {

using namespace std::chrono_literals;
using namespace test;

struct sample {
  string typed;  ///< as in a variable or after `--set KEY=`
  string toml;   ///< as in a file
  nlohmann::json shown;
};

sample same_text(const string& v) { return {v, "\"" + v + "\"", v}; }

/// A file that can be read, and serves as certificate and as key.
string usable_file(const scratch& dir) {
  const net::test::temp_dir parts;
  const auto made = net::test::make_certificate(parts);
  std::ostringstream whole;
  whole << std::ifstream(made.cert_file).rdbuf() << std::ifstream(made.key_file).rdbuf();
  return dir.write(whole.str(), "key.pem");
}

/// A value other than the default for every key. `file`: see usable_file.
std::map<string, sample> samples(const string& file) {
  const string rule = R"([{ subject = "a.*", room = "chat", ephemeral = true }])";
  const nlohmann::json rules = {{{"subject", "a.*"}, {"room", "chat"}, {"ephemeral", true}}};
  return {
      {"node.id", same_text("n7")},
      {"node.shards", {"3", "3", 3}},
      {"listen.public", same_text("[::1]:0")},
      {"listen.admin", same_text("localhost:9191")},
      {"listen.trusted_proxies",
       {"10.0.0.0/8,::1", R"(["10.0.0.0/8", "::1"])", {"10.0.0.0/8", "::1"}}},
      {"listen.proxy_protocol", same_text("accept")},
      {"nats.url", same_text("nats://127.0.0.1:4222,tls://b.example.com")},
      {"nats.tls_ca", same_text(file)},
      {"nats.tls_cert", same_text(file)},
      {"nats.tls_key", same_text(file)},
      {"nats.user", same_text("node")},
      {"nats.password", {"hush", "\"hush\"", "***"}},
      {"nats.creds_file", same_text(file)},
      {"nats.stream", same_text("other")},
      {"nats.replicas", {"3", "3", 3}},
      {"nats.partitions", {"8", "8", 8}},
      {"auth.hs256_secret", {"0123456", "\"0123456\"", "***"}},
      {"auth.hs256_keys", {R"({ k1 = "one" })", R"({ k1 = "one" })", {{"k1", "***"}}}},
      {"auth.public_key_files", {file, "[\"" + file + "\"]", {file}}},
      {"auth.jwks_file", same_text(file)},
      {"auth.api_keys_file", same_text(file)},
      {"auth.issuer", same_text("https://id.example.com")},
      {"auth.audience", {"a, b", R"(["a", "b"])", {"a", "b"}}},
      {"auth.claims.user", same_text("user.id")},
      {"auth.claims.tenant", same_text("user.workspace_id")},
      {"auth.leeway", same_text("5s")},
      {"auth.dev", {"true", "true", true}},
      {"sse.heartbeat", same_text("1500ms")},
      {"sse.retry", same_text("7s")},
      {"sse.return_rate", {"100", "100", 100}},
      {"poll.grace", same_text("5s")},
      {"sse.format", same_text("fechatter")},
      {"ws.max_message_bytes", same_text("1MiB")},
      {"sessions.max_per_user", {"1", "1", 1}},
      {"sessions.policy", same_text("reject-new")},
      {"limits.max_sessions", {"10", "10", 10}},
      {"limits.max_event_bytes", {"512", "512", "512"}},
      {"limits.connect_rate", {"0.5", "0.5", 0.5}},
      {"limits.publish_rate", {"20", "20", 20}},
      {"limits.connections_per_address", {"50", "50", 50}},
      {"limits.rooms_per_session", {"30", "30", 30}},
      {"limits.max_targets", {"40", "40", 40}},
      {"outbox.max_events", {"9", "9", 9}},
      {"outbox.max_bytes", same_text("2KiB")},
      {"outbox.user_max_events", {"9", "9", 9}},
      {"outbox.user_max_bytes", same_text("2KiB")},
      {"outbox.node_max_events", {"9", "9", 9}},
      {"outbox.node_max_bytes", same_text("2KiB")},
      {"outbox.policy", same_text("drop-oldest")},
      {"history.max_events_per_room", {"2", "2", 2}},
      {"history.max_age", same_text("2h")},
      {"drain.window", same_text("0s")},
      {"cors.origins",
       {"https://a.com,http://b:1",
        R"(["https://a.com", "http://b:1"])",
        {"https://a.com", "http://b:1"}}},
      {"tls.cert_file", same_text(file)},
      {"tls.key_file", same_text(file)},
      {"tls.client_ca_file", same_text(file)},
      {"tls.min_version", {"1.3", "\"1.3\"", "1.3"}},
      {"dialects", {"native, mercure", R"(["native", "mercure"])", {"native", "mercure"}}},
      {"mercure.publisher_key", {"0123456", "\"0123456\"", "***"}},
      {"mercure.publisher_algorithm", same_text("EdDSA")},
      {"mercure.subscriber_key", {"0123456", "\"0123456\"", "***"}},
      {"mercure.subscriber_algorithm", same_text("RS256")},
      {"mercure.anonymous", {"true", "true", true}},
      {"log.level", same_text("trace")},
      {"log.format", same_text("json")},
      {"debug.faults", {"room.inbound@3", R"(["room.inbound@3"])", {"room.inbound@3"}}},
      {"security.hmac_secret",
       {"thirty-two bytes of hush, at least", "\"thirty-two bytes of hush, at least\"", "***"}},
      {"membership.sources", {"http, postgres", R"(["http", "postgres"])", {"http", "postgres"}}},
      {"membership.cache", same_text("90s")},
      {"membership.cache_users", {"7", "7", 7}},
      {"membership.timeout", same_text("750ms")},
      {"membership.postgres.dsn", {"host=db", "\"host=db\"", "***"}},
      {"membership.postgres.rooms_of_user", same_text("SELECT $1")},
      {"membership.postgres.users_of_room", same_text("SELECT $1, $2")},
      {"membership.postgres.notify", same_text("members")},
      {"membership.postgres.connections", {"2", "2", 2}},
      {"membership.http.url", same_text("https://backend.example.com/rooms")},
      {"membership.http.secret", {"hush", "\"hush\"", "***"}},
      {"mapping", {rule, rule, rules}},
      {"mapping_table",
       {R"({ n = { a = "b" } })", R"({ n = { a = "b" } })", {{"n", {{"a", "b"}}}}}},
      {"mapping_profile", same_text("fechatter")},
  };
}

nlohmann::json shown(const config& c, const string& key) {
  string pointer = "/" + key;
  std::ranges::replace(pointer, '.', '/');
  return effective(c).at(nlohmann::json::json_pointer(pointer));
}

}  // namespace

TEST_SUITE("apps/config") {
  TEST_CASE("addresses need a host and a port") {
    CHECK(parse_endpoint("127.0.0.1:8080") == endpoint{"127.0.0.1", 8080});
    CHECK(parse_endpoint("[::1]:0") == endpoint{"::1", 0});
    CHECK(format_endpoint({"::1", 80}) == "[::1]:80");
    for (const char* bad : {"", "8080", ":8080", "host", "host:", "host:x", "host:65536", "::1:80",
                            "host:-1", "[]:1", "http://host:80", "a b:1"}) {
      CAPTURE(bad);
      CHECK_FALSE(parse_endpoint(bad));
    }
  }

  TEST_CASE("the defaults are those the contract names") {
    const auto r = load_sets({"auth.hs256_secret=x"});
    REQUIRE_MESSAGE(r.ok(), text(r));
    CHECK(r.value.sse.heartbeat == 30s);
    CHECK(r.value.sessions.max_per_user == 5);
    CHECK(r.value.sessions.policy == session_policy::evict_oldest);
    CHECK(r.value.outbox.max_events == 100);
    CHECK(r.value.outbox.max_bytes == 1024u * 1024u);
    CHECK(r.value.limits.max_event_bytes == 64u * 1024u);
    CHECK(r.value.ws.max_message_bytes == 0u);
    CHECK(r.value.auth.leeway == 60s);
    CHECK(r.value.auth.claims.user == "sub");
    CHECK(r.value.listen.admin.host == "127.0.0.1");
    CHECK(r.value.node.id == default_node_id());
    CHECK(r.from.size() == 1);
  }

  TEST_CASE("PROXY headers may not be required where nobody may send one") {
    const auto r = load_sets({"auth.hs256_secret=x", "listen.proxy_protocol=require"});
    REQUIRE_FALSE(r.ok());
    CHECK(text(r).find("listen.trusted_proxies") != string::npos);
    CHECK(load_sets({"auth.hs256_secret=x", "listen.proxy_protocol=require",
                     "listen.trusted_proxies=10.0.0.0/8"})
              .ok());
    CHECK(load_sets({"auth.hs256_secret=x", "listen.proxy_protocol=accept"}).ok());
  }

  TEST_CASE("every key takes effect from the file, the environment and --set") {
    const scratch dir;
    const string pem = usable_file(dir);
    const auto values = samples(pem);
    CHECK(values.size() == schema().size());
    for (const key_spec& spec : schema()) {
      CAPTURE(spec.name);
      REQUIRE(values.contains(spec.name));
      const sample& s = values.at(spec.name);
      CHECK(shown(config{}, spec.name) != s.shown);
      CHECK_FALSE(spec.doc.empty());

      // What the whole needs beside the key: a way to check tokens, and TLS files in pairs.
      string base = spec.name.starts_with("auth.") ? "" : "auth.dev = true\n";
      if (spec.name == "tls.cert_file") base += "tls.key_file = \"" + pem + "\"\n";
      if (spec.name == "tls.client_ca_file")
        base += "tls.key_file = \"" + pem + "\"\ntls.cert_file = \"" + pem + "\"\n";
      if (spec.name == "tls.key_file") base += "tls.cert_file = \"" + pem + "\"\n";
      const bool sources = spec.name == "membership.sources";
      const auto beside = [&](const string& key, const string& value) {
        if (spec.name != key) base += key + " = " + value + "\n";
      };
      if (sources || spec.name.starts_with("membership.postgres.")) {
        if (!sources) base += "membership.sources = [\"postgres\"]\n";
        beside("membership.postgres.dsn", "\"dbname=chat\"");
      }
      if (sources || spec.name.starts_with("membership.http.")) {
        if (!sources) base += "membership.sources = [\"http\"]\n";
        beside("membership.http.url", "\"http://a\"");
        beside("membership.http.secret", "\"0123456\"");
      }
      const std::map<string, string> beside_nats{
          {"nats.tls_cert", "nats.tls_key = \"" + pem + "\"\n"},
          {"nats.tls_key", "nats.tls_cert = \"" + pem + "\"\n"},
          {"nats.user", "nats.password = \"hush\"\n"},
          {"nats.password", "nats.user = \"node\"\n"}};
      if (const auto other = beside_nats.find(spec.name); other != beside_nats.end())
        base += other->second;
      if (spec.name.starts_with("nats.") && spec.name != "nats.url")
        base += "nats.url = \"nats://127.0.0.1:4222\"\n";
      if (spec.name.starts_with("auth.") && spec.name != "auth.dev") base += "auth.dev = true\n";
      const string file = dir.write(base);

      const string whole = dir.write(base + spec.name + " = " + s.toml + "\n", "whole.toml");
      const auto from_file = load({.file = whole});
      REQUIRE_MESSAGE(from_file.ok(), text(from_file));
      CHECK(shown(from_file.value, spec.name) == s.shown);
      CHECK_FALSE(spec.same(from_file.value, config{}));

      const string variable = spec.variable() + "=" + s.typed;
      const char* const environ[] = {variable.c_str(), nullptr};
      const auto from_environment = load({.file = file, .environ = environ});
      REQUIRE_MESSAGE(from_environment.ok(), text(from_environment));
      CHECK(spec.same(from_environment.value, from_file.value));

      const auto from_set = load({.file = file, .sets = {spec.name + "=" + s.typed}});
      REQUIRE_MESSAGE(from_set.ok(), text(from_set));
      CHECK(spec.same(from_set.value, from_file.value));

      const auto from_toml_set = load({.file = file, .sets = {spec.name + "=" + s.toml}});
      REQUIRE_MESSAGE(from_toml_set.ok(), text(from_toml_set));
      CHECK(spec.same(from_toml_set.value, from_file.value));
    }
  }

  TEST_CASE("variables are named after section and key, underscores included") {
    CHECK(find_key("sessions.max_per_user")->variable() == "STARLING_SESSIONS_MAX_PER_USER");
    CHECK(find_key("auth.claims.user")->variable() == "STARLING_AUTH_CLAIMS_USER");
    CHECK(find_key("mapping_profile")->variable() == "STARLING_MAPPING_PROFILE");
  }

  TEST_CASE("environment beats file, --set beats environment, flags beat --set") {
    const scratch dir;
    load_request request{.file = dir.write("[auth]\ndev = true\n[node]\nid = \"file\"\n")};
    CHECK(load(request).value.node.id == "file");
    const char* const environ[] = {"STARLING_NODE_ID=variable", nullptr};
    request.environ = environ;
    CHECK(load(request).value.node.id == "variable");
    request.sets = {"node.id=first", "node.id=set"};
    CHECK(load(request).value.node.id == "set");
    request.node_id = "flag";
    const auto r = load(request);
    CHECK(r.value.node.id == "flag");
    CHECK(r.from.at("node.id") == "--node-id");
    CHECK(r.file_value.node.id == "file");
    CHECK(r.file_from.at("node.id").ends_with("node.toml:4"));
  }

  TEST_CASE("the flags of the command line reach their keys") {
    const auto r = load({.sets = {"auth.dev=true"},
                         .node_id = "n1",
                         .listen = "127.0.0.1:0",
                         .admin = "[::1]:1",
                         .nats = "nats://h:4222"});
    REQUIRE_MESSAGE(r.ok(), text(r));
    CHECK(r.value.node.id == "n1");
    CHECK(r.value.listen.public_ == endpoint{"127.0.0.1", 0});
    CHECK(r.value.listen.admin == endpoint{"::1", 1});
    CHECK(r.value.nats.url == "nats://h:4222");
    const auto bad = load({.sets = {"auth.dev=true"}, .listen = "8080", .admin = ""});
    CHECK(text(bad).find("--listen: listen.public expects HOST:PORT") == 0);
    CHECK(text(bad).find("--admin: expects a value") != string::npos);
  }

  TEST_CASE("keys by kid add up over the sources") {
    const scratch dir;
    const auto r = load({.file = dir.write("[auth.hs256_keys]\nold = \"a\"\nnow = \"b\"\n"),
                         .sets = {"auth.hs256_keys.now=123", "auth.hs256_keys.next.kid=c"}});
    REQUIRE_MESSAGE(r.ok(), text(r));
    CHECK(r.value.auth.hs256_keys ==
          std::map<string, string>{{"old", "a"}, {"now", "123"}, {"next.kid", "c"}});
    CHECK(text(load_file("[auth.hs256_keys]\nk = \"\"\n"))
              .find("node.toml:2: auth.hs256_keys.k must not be empty") == 0);
  }

  TEST_CASE("a text key takes what was typed, whatever TOML makes of it") {
    for (const char* value : {"007", "true", "1979-05-27", "a=b", "#x", "0x1f", "[x", "\\n"}) {
      CAPTURE(value);
      const auto r = load_sets({string("auth.hs256_secret=") + value});
      REQUIRE_MESSAGE(r.ok(), text(r));
      CHECK(r.value.auth.hs256_secret == value);
    }
    CHECK(load_sets({"auth.hs256_secret=\"in quotes\""}).value.auth.hs256_secret == "in quotes");
    CHECK(load_environment({"STARLING_AUTH_HS256_SECRET=\"x\""}).value.auth.hs256_secret ==
          "\"x\"");
    CHECK(load_sets({"auth.dev=true", "auth.issuer=007"}).value.auth.issuer == "007");
  }

  TEST_CASE("mapping rules and tables are read whole") {
    const auto r = load_file(
        good +
        "[[mapping]]\nsubject = \"shop.*.orders.>\"\nroom = \"shop:{2}\"\nid = \"{/order}\"\n"
        "data = { total = \"{/sum}\", list = [1, \"{/a}\"], paid = true }\n"
        "[[mapping]]\nsubject = \"x\"\nusers = [\"{/to}\", \"ann\"]\nevent = "
        "\"{/kind|map:kinds}\"\nephemeral = true\n"
        "[mapping_table.kinds]\nnew = \"order_placed\"\n7 = 8\n");
    REQUIRE_MESSAGE(r.ok(), text(r));
    config_errors errors;
    const auto rules = compile_mappings(r.value, r.from, errors);
    CHECK(errors.empty());
    REQUIRE(rules.rules().size() == 2);
    const auto first =
        rules.apply({{}, "shop.7.orders.new", R"({"order":5,"sum":1.5,"a":[2]})", {}});
    REQUIRE(first.events.size() == 1);
    CHECK(first.events[0].rooms == std::vector<string>{"shop:7"});
    CHECK(first.events[0].id == "5");
    CHECK(nlohmann::json::parse(first.events[0].data) ==
          nlohmann::json({{"total", 1.5}, {"list", {1, 2}}, {"paid", true}}));
    const auto second = rules.apply({{}, "x", R"({"to":["bob"],"kind":7})", {}});
    REQUIRE(second.events.size() == 1);
    CHECK(second.events[0].users == std::vector<string>{"bob", "ann"});
    CHECK(second.events[0].name == "8");
    CHECK(second.events[0].ephemeral);
  }

  TEST_CASE("the rules of the profile can be carried out, behind those of the file") {
    const auto r = load_file("mapping_profile = \"fechatter\"\n" + good +
                             "[[mapping]]\nsubject = \"fechatter.own\"\nroom = \"own\"\n");
    REQUIRE_MESSAGE(r.ok(), text(r));
    config_errors errors;
    const auto rules = compile_mappings(r.value, r.from, errors);
    CHECK(errors.empty());
    CHECK(rules.rules().size() > 40);
    const auto sources = rules.sources();
    REQUIRE(sources.size() == 1);
    CHECK(sources[0].subject == "fechatter.>");
    const auto own = rules.apply({{}, "fechatter.own", R"({"recipients":[1]})", {}});
    CHECK(own.rule == 0);
  }

  TEST_CASE("the shown configuration holds no secret") {
    const auto r = load_sets({"auth.hs256_secret=hush", "auth.hs256_keys.k=hush",
                              "nats.url=nats://me:hush@h:1,tls://hush@i:2,nats://j"});
    REQUIRE_MESSAGE(r.ok(), text(r));
    const auto all = effective(r.value);
    CHECK(all.dump().find("hush") == string::npos);
    CHECK(all["auth"]["hs256_secret"] == "***");
    CHECK(all["auth"]["hs256_keys"]["k"] == "***");
    CHECK(all["nats"]["url"] == "nats://***@h:1,tls://***@i:2,nats://j");
    CHECK(effective(config{})["auth"]["hs256_secret"] == "");
    CHECK(all["sse"]["heartbeat"] == "30s");
    CHECK(all["outbox"]["max_bytes"] == "1MiB");
    CHECK(all["limits"]["connect_rate"] == 0);
    CHECK(all["mapping_profile"] == "none");
  }

  TEST_CASE("a reload takes over what the schema says is reloadable, and nothing else") {
    load_result current, fresh;
    fresh.value.listen.public_.port = 1;
    fresh.value.sse.heartbeat = 1s;
    fresh.value.auth.dev = true;
    fresh.value.auth.hs256_secret = "new";
    fresh.value.auth.claims.user = "user.id";
    fresh.value.limits.max_sessions = 9;
    fresh.value.log.level = log::level::debug;
    const auto wanted = fresh.value;
    apply_reload(current, std::move(fresh));
    for (const key_spec& spec : schema()) {
      CAPTURE(spec.name);
      CHECK(spec.same(current.value, spec.reloadable ? wanted : config{}));
    }
  }

  TEST_CASE("a change that a reload has applied is not told of at the next one") {
    const scratch dir;
    const string limited = "\n[limits]\nmax_sessions = ";
    const load_request request{.file = dir.write(good + limited + "1\n")};
    auto current = load(request);
    dir.write(good + limited + "2\n");
    auto fresh = load(request);
    CHECK(reload_notes(current, fresh).empty());
    apply_reload(current, std::move(fresh));
    CHECK(current.value.limits.max_sessions == 2);
    CHECK(reload_notes(current, load(request)).empty());
  }

  TEST_CASE("a change that needs a restart is told of at each reload until it comes") {
    const scratch dir;
    const load_request request{.file = dir.write(good)};
    auto current = load(request);
    dir.write(replaced(good, "5s", "6s"));
    for (int i = 0; i < 2; ++i) {
      auto fresh = load(request);
      const auto notes = reload_notes(current, fresh);
      REQUIRE(notes.size() == 1);
      CHECK(notes[0].find("cannot be reloaded; it takes effect at the next start") != string::npos);
      apply_reload(current, std::move(fresh));
    }
  }

  TEST_CASE("a reload tells of changes without effect, with their places") {
    const scratch dir;
    load_request request{.file = dir.write(good), .sets = {"log.level=warn"}};
    request.listen = "127.0.0.1:0";
    const auto before = load(request);
    CHECK(reload_notes(before, load(request)).empty());
    dir.write(replaced(good, "5s", "6s") +
              "[listen]\npublic = \"127.0.0.1:1\"\n[log]\nlevel = \"debug\"\n");
    const auto after = load(request);
    REQUIRE_MESSAGE(after.ok(), text(after));
    const auto notes = reload_notes(before, after);
    REQUIRE(notes.size() == 3);
    CHECK(notes[0].find("listen.public (" + *request.file + ":10) has no effect: --listen") == 0);
    CHECK(notes[0].find("cannot be reloaded") != string::npos);
    CHECK(notes[1].find("sse.heartbeat (" + *request.file + ":5) cannot be reloaded") == 0);
    CHECK(notes[2] == "log.level (" + *request.file + ":12) has no effect: --set overrides it");
  }

  TEST_CASE("a node without a configured id makes one up that is valid and stays") {
    CHECK(valid_user(default_node_id()));
    CHECK(default_node_id().find('.') == string::npos);
    CHECK(load({}).value.node.id == load({}).value.node.id);
  }
}

}  // namespace starling::app
