#include "tests/apps/config_fixture.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "tests/net/tls_fixture.hpp"

namespace starling::app {

using namespace test;

TEST_SUITE("apps/config_errors") {
  TEST_CASE("an error in the file names its line and what was meant") {
    struct wrong {
      string file;
      string said;
    };
    const std::vector<wrong> cases = {
        {replaced(good, "heartbeat", "hartbeat"),
         "node.toml:5: unknown key \"sse.hartbeat\"; did you mean \"sse.heartbeat\"?\n"},
        {replaced(good, "[sessions]", "[sesions]"),
         "node.toml:7: unknown section \"sesions\"; did you mean \"sessions\"?\n"},
        {"mapping_profil = \"fechatter\"\n" + good,
         "node.toml:1: unknown key \"mapping_profil\"; did you mean \"mapping_profile\"?\n"},
        {"heartbeat = \"5s\"\n" + good,
         "node.toml:1: unknown key \"heartbeat\"; did you mean \"sse.heartbeat\"?\n"},
        {"zzzzzzzz = 1\n" + good, "node.toml:1: unknown key \"zzzzzzzz\"\n"},
        {"log = 1\n" + good, "node.toml:1: \"log\" is a section: write [log]\n"},
        {replaced(good, "5s", "5 parsecs"),
         "node.toml:5: sse.heartbeat expects a duration such as \"30s\", \"500ms\", \"5m\", \"2h\" "
         "or \"1d\", got \"5 parsecs\"\n"},
        {replaced(good, "\"5s\"", "true"),
         "node.toml:5: sse.heartbeat expects a duration such as \"30s\", \"500ms\", \"5m\", \"2h\" "
         "or \"1d\", got true\n"},
        {replaced(good, "\"5s\"", "5"), "got 5\n"},
        {replaced(good, "5s", "0s"), "node.toml:5: sse.heartbeat expects more than 0 seconds"},
        {replaced(good, "= 7", "= \"many\""),
         "node.toml:8: sessions.max_per_user expects a whole number (not negative), got "
         "\"many\"\n"},
        {replaced(good, "= 7", "= \"7\""), "node.toml:8: sessions.max_per_user expects"},
        {replaced(good, "= 7", "= -7"), "node.toml:8: sessions.max_per_user expects a whole"},
        {replaced(good, "= 7", "= 0"), "node.toml:8: sessions.max_per_user expects a whole"},
        {replaced(good, "= 7", "= 7.5"), "got 7.5\n"},
        {good + "policy = \"evict-newest\"\n",
         "node.toml:9: sessions.policy expects \"evict-oldest\" or \"reject-new\", got "
         "\"evict-newest\"\n"},
        {good + "\n[limits]\nmax_event_bytes = \"64 bananas\"\n",
         "node.toml:11: limits.max_event_bytes expects a size"},
        {good + "\n[limits]\nconnect_rate = -1\n", "node.toml:11: limits.connect_rate expects"},
        {good + "\n[limits]\nconnect_rate = inf\n", "node.toml:11: limits.connect_rate expects"},
        {"mapping_profile = \"slack\"\n" + good,
         "node.toml:1: mapping_profile expects \"none\" or \"fechatter\", got \"slack\"\n"},
        {good + "\n[[[\n", "node.toml:10: is not valid TOML: "},
        {good + "\n[sse]\nretry = \"1s\"\n", "node.toml:10: is not valid TOML: "},
        {good + "[node]\nid = \"a b\"\n", "node.toml:10: node.id expects 1 to 128 characters"},
        {good + "[nats]\nurl = \"http://h\"\n", "node.toml:10: nats.url expects one or more URLs"},
        {good + "[nats]\nreplicas = 6\n", "node.toml:10: nats.replicas expects 1 to 5"},
        {good + "[nats]\npartitions = 0\n", "node.toml:10: nats.partitions expects 1 to 64"},
        {good + "[nats]\npartitions = 65\n", "node.toml:10: nats.partitions expects 1 to 64"},
        {good + "[cors]\norigins = [\"https://a/\"]\n", "node.toml:10: cors.origins expects"},
        {good + "[cors]\norigins = [\"https://a..b\"]\n", "node.toml:10: cors.origins expects"},
        {good + "[cors]\norigins = [\n \"https://a\",\n 5]\n",
         "node.toml:12: cors.origins expects a list of texts such as [\"a\", \"b\"], got 5\n"},
        {good + "[log]\nlevel = 2020-01-01\n", "got a date or time\n"},
        {good + "[auth.claims]\nusr = \"x\"\n",
         "node.toml:10: unknown key \"auth.claims.usr\"; did you mean \"auth.claims.user\"?\n"},
    };
    for (const wrong& w : cases) {
      CAPTURE(w.file);
      const auto r = load_file(w.file);
      CHECK(r.errors.size() == 1);
      CHECK_MESSAGE(text(r).find(w.said) != string::npos, text(r));
    }
  }

  TEST_CASE("all errors are told, in the order of the file") {
    const string said =
        text(load_file("[sse]\nhartbeat = 1\nretry = 2\n[log]\nlevel = \"loud\"\n"));
    const auto first = said.find("node.toml:2: ");
    const auto second = said.find("node.toml:3: ");
    const auto third = said.find("node.toml:5: ");
    CHECK(first == 0);
    REQUIRE(second != string::npos);
    REQUIRE(third != string::npos);
    CHECK(second < third);
    CHECK(std::ranges::count(said, '\n') == 3);
  }

  TEST_CASE("a file that cannot be read is named") {
    CHECK(text(load({.file = "/no/such/file.toml"})) ==
          "/no/such/file.toml: cannot read the configuration: No such file or directory\n");
    const scratch dir;
    CHECK(text(load({.file = dir.path()})).find("Is a directory") != string::npos);
  }

  TEST_CASE("errors of --set and variables name themselves") {
    CHECK(text(load_sets({"sse.hartbeat=1s"})) ==
          "--set: unknown key \"sse.hartbeat\"; did you mean \"sse.heartbeat\"?\n");
    CHECK(text(load_sets({"sse.heartbeat=soon"})).find("--set: sse.heartbeat expects a duration") ==
          0);
    CHECK(text(load_sets({"sse.heartbeat"})) ==
          "--set sse.heartbeat: expects KEY=VALUE, such as --set sse.heartbeat=30s\n");
    CHECK(text(load_sets({"sse=1"})) == "--set: \"sse\" is a section: name a key in it\n");
    CHECK(text(load_sets({"cors.origins=[\"a"}))
              .find("--set: cors.origins opens a quote or bracket") == 0);
    CHECK(text(load_environment({"STARLING_SSE_HEARTBEAT=soon"}))
              .find("STARLING_SSE_HEARTBEAT: sse.heartbeat expects a duration") == 0);
    CHECK(text(load_environment({"STARLING_SSE_HARTBEAT=5s"})) ==
          "STARLING_SSE_HARTBEAT: no such key in the section; unset the variable; did you mean "
          "\"STARLING_SSE_HEARTBEAT\"?\n");
  }

  TEST_CASE("only variables under a known section are ours") {
    const auto r = load_environment(
        {"STARLING_BIN=/x", "STARLING_SSE=1", "STARLINGCTL_TOKEN=t", "STARLING_SSEX_HEARTBEAT=1s",
         "STARLING_=1", "NODE_ID=n", "junk", "STARLING_SERVICE_HOST=10.0.0.1"},
        {"auth.dev=true"});
    CHECK_MESSAGE(r.ok(), text(r));
  }

  TEST_CASE("without a way to check tokens the configuration is refused") {
    const auto r = load({});
    REQUIRE(r.errors.size() == 1);
    CHECK(text(r).find("no usable auth key: set auth.hs256_secret") == 0);
    CHECK(load_sets({"auth.dev=true"}).ok());
    CHECK(load_sets({"auth.hs256_keys.k1=x"}).ok());
    CHECK_FALSE(load_sets({"auth.hs256_secret="}).ok());
    CHECK_FALSE(load_sets({"auth.dev=false"}).ok());
  }

  TEST_CASE("what a membership source lacks is told where the source is listed") {
    CHECK(text(load_file(good + "[membership]\nsources = [\"postgres\"]\n")) ==
          "node.toml:10: membership.postgres.dsn is needed where membership.sources lists "
          "\"postgres\"\n");
    CHECK(text(load_file(good + "[membership]\nsources = [\"http\"]\nhttp.url = \"http://a\"\n")) ==
          "node.toml:10: membership.http.secret is needed where membership.sources lists "
          "\"http\"\n");
  }

  TEST_CASE("files the configuration names must be readable") {
    const auto r = load_file(good + "[tls]\ncert_file = \"/nope.crt\"\n");
    CHECK(text(r) ==
          "node.toml:10: tls.cert_file cannot read \"/nope.crt\": No such file or directory\n"
          "node.toml:10: tls.cert_file needs tls.key_file beside it\n");
    CHECK(text(load_file("[auth]\npublic_key_files = [\"/nope.pem\"]\n")) ==
          "node.toml:2: auth.public_key_files cannot read \"/nope.pem\": No such file or "
          "directory\n");
    const scratch dir;
    CHECK(text(load_sets({"auth.jwks_file=" + dir.path()})).find("which is a directory") !=
          string::npos);
  }

  TEST_CASE("a certificate or key that TLS cannot use is named by its key") {
    const net::test::temp_dir dir;
    const auto mine = net::test::make_certificate(dir);
    const auto said = [](const string& cert, const string& key) {
      return text(
          load_file(good + "[tls]\ncert_file = \"" + cert + "\"\nkey_file = \"" + key + "\"\n"));
    };
    CHECK(said(mine.cert_file, mine.key_file).empty());
    CHECK(said(mine.cert_file, mine.cert_file)
              .starts_with("node.toml:11: tls.key_file cannot use \"" + mine.cert_file + "\": "));
    CHECK(said(mine.key_file, mine.key_file)
              .starts_with("node.toml:10: tls.cert_file cannot use \"" + mine.key_file + "\": "));
    const auto foreign = dir.file("foreign.pem", net::test::make_ed25519().private_pem);
    CHECK(said(mine.cert_file, foreign).starts_with("node.toml:11: tls.key_file cannot use"));
    CHECK(said("/nope.crt", "/nope.key") ==
          "node.toml:10: tls.cert_file cannot read \"/nope.crt\": No such file or directory\n"
          "node.toml:11: tls.key_file cannot read \"/nope.key\": No such file or directory\n");
  }

  TEST_CASE("a secret is never repeated in a message") {
    for (const char* file :
         {"[auth]\nhs256_secret = 987654321\n", "[auth]\nhs256_secret = hush\n",
          "[auth]\nhs256_secret = 98765432198765432198765\n", "[auth.hs256_keys]\nk = 987654321\n",
          "[auth]\nhs256_secret = [\"hush\"]\n"}) {
      CAPTURE(file);
      const string said = text(load_file(file));
      CHECK_FALSE(said.empty());
      CHECK(said.find("hush") == string::npos);
      CHECK(said.find("98765") == string::npos);
    }
    for (const char* set :
         {"auth.hs256_secert=hush", "auth.hs256_keys=hush", "hush", "auth.hs256_secret='hush"}) {
      CAPTURE(set);
      const string said = text(load_sets({set}));
      CHECK_FALSE(said.empty());
      CHECK(said.find("hush") == string::npos);
    }
  }

  TEST_CASE("errors inside a mapping name the line and the key") {
    struct wrong {
      string rule;
      string said;
    };
    const std::vector<wrong> cases = {
        {"subject = \"x\"\nuser = \"to\"\n",
         "node.toml:11: unknown key \"mapping.user\"; did you mean \"mapping.users\"?\n"},
        {"subject = \"x\"\nroom = 5\n", "node.toml:11: mapping.room expects text in quotes, got 5"},
        {"subject = \"x\"\nroom = \"\"\n", "node.toml:11: mapping.room must not be empty"},
        {"room = \"r\"\n", "node.toml:9: mapping.subject is missing"},
        {"subject = \"x\"\n", "node.toml:9: mapping for \"x\" has no audience"},
        {"subject = \"a..b\"\nroom = \"r\"\n",
         "node.toml:10: mapping.subject expects a NATS subject"},
        {"subject = \"a.>.b\"\nroom = \"r\"\n",
         "node.toml:10: mapping.subject expects a NATS subject"},
        {"subject = \"a.b*\"\nroom = \"r\"\n",
         "node.toml:10: mapping.subject expects a NATS subject"},
        {"subject = \"x\"\nroom = \"r\"\nephemeral = 5\n",
         "node.toml:12: mapping.ephemeral expects text in quotes, got 5"},
        {"subject = \"a.*\"\nroom = \"{3}\"\n",
         "node.toml:11: mapping.room placeholder {3}: \"a.*\" has 2 tokens"},
        {"subject = \"a\"\nroom = \"{/x|upper}\"\n",
         "node.toml:11: mapping.room placeholder {/x|upper}: unknown transform \"upper\""},
        {"subject = \"a\"\nroom = \"r\"\nevent = \"{/x|map:names}\"\n",
         "node.toml:12: mapping.event placeholder {/x|map:names}: there is no "
         "[mapping_table.names]"},
        {"subject = \"a\"\nroom = \"r\"\ndata = { a = 1979-05-27 }\n",
         "node.toml:12: mapping.data expects a text, a number"},
    };
    for (const wrong& w : cases) {
      CAPTURE(w.rule);
      const auto r = load_file(good + "[[mapping]]\n" + w.rule);
      CHECK(r.errors.size() == 1);
      CHECK_MESSAGE(text(r).find(w.said) == 0, text(r));
    }
    CHECK(text(load_file("mapping = \"x\"\n" + good))
              .find("node.toml:1: mapping expects an array of tables") == 0);
    CHECK(text(load_file("mapping = [1]\n" + good))
              .find("node.toml:1: mapping expects an array of tables") == 0);
    CHECK(text(load_file("[mapping_table]\nnames = 5\n" + good))
              .find("node.toml:2: mapping_table.names expects tables of texts") == 0);
    CHECK(text(load_file("[mapping_table.names]\na = true\n" + good))
              .find("node.toml:2: mapping_table.names.a expects a text") == 0);
  }
}

}  // namespace starling::app
