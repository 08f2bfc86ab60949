#include "net/auth/api_keys.hpp"

#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "net/auth/key_set.hpp"
#include "tests/net/auth_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;

namespace {

const std::string claims = R"({"sub":"ann","tenant":"acme","rooms":["a","b*"],"publish":["a"]})";

/// A path in a folder of its own.
struct key_file {
  temp_dir folder;
  std::string path = folder.path("keys.json");

  void write(std::string_view text) const { std::ofstream(path) << text; }
  result<void> add(const fresh_api_key& key, const std::string& says = claims) const {
    return edit_api_keys(path, [&](std::vector<api_key>& keys) -> result<void> {
      auto entry = make_api_key_entry(key, 1'700'000'000, says);
      if (!entry) return entry.error();
      keys.push_back(std::move(*entry));
      return {};
    });
  }
};

}  // namespace

TEST_SUITE("net/auth/api_keys") {
  TEST_CASE("a key speaks for whom its claims name, and no other text does") {
    const key_file file;
    const auto key = make_api_key();
    REQUIRE(file.add(key).ok());
    const auto keys = key_set::load({.api_keys_file = file.path});
    REQUIRE(keys.ok());
    const auto bearer = keys->bearer_of(key.text);
    REQUIRE(bearer);
    CHECK(bearer->user.str() == "ann");
    CHECK(bearer->tenant.str() == "acme");
    CHECK(bearer->rooms == std::vector<std::string>{"a", "b*"});
    CHECK(bearer->publish == std::vector<std::string>{"a"});
    CHECK_FALSE(bearer->admin);
    CHECK(bearer->token_hash != 0);
    for (const auto& other : {key.text + "x", key.text.substr(1), key.id, std::string(),
                              std::string(1000, 'k'), make_api_key().text})
      CHECK_FALSE(keys->bearer_of(other));
  }

  TEST_CASE("the file holds the hash of a key, and its owner alone reads it") {
    const key_file file;
    const auto key = make_api_key();
    REQUIRE(file.add(key).ok());
    std::ifstream in(file.path);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    CHECK(text.find(key.text) == text.npos);
    CHECK(text.find(api_key_hash(key.text)) != text.npos);
    struct stat state {};
    REQUIRE(::stat(file.path.c_str(), &state) == 0);
    CHECK((state.st_mode & 0777) == 0600);
  }

  TEST_CASE("a change keeps the mode of the file and leaves no draft behind") {
    const key_file file;
    REQUIRE(file.add(make_api_key()).ok());
    REQUIRE(::chmod(file.path.c_str(), 0640) == 0);
    REQUIRE(file.add(make_api_key()).ok());
    struct stat state {};
    REQUIRE(::stat(file.path.c_str(), &state) == 0);
    CHECK((state.st_mode & 0777) == 0640);
    CHECK(read_api_keys(file.path)->size() == 2);
    CHECK_FALSE(std::filesystem::exists(file.path + ".new"));
  }

  TEST_CASE("two changes at once are one change and a conflict") {
    const key_file file;
    const auto inner = edit_api_keys(file.path, [&](std::vector<api_key>&) -> result<void> {
      const auto second = file.add(make_api_key());
      REQUIRE_FALSE(second.ok());
      CHECK(second.error().code == errc::conflict);
      return {};
    });
    CHECK(inner.ok());
  }

  TEST_CASE("claims are checked as a token's, before anything is written") {
    const key_file file;
    for (const std::string bad :
         {R"({"tenant":"t"})", R"({"sub":"a b"})", R"({"sub":"a","rooms":7})", R"([])",
          R"({"sub":"a","admin":"yes"})"}) {
      CAPTURE(bad);
      CHECK_FALSE(file.add(make_api_key(), bad).ok());
    }
    CHECK_FALSE(std::filesystem::exists(file.path));
  }

  TEST_CASE("without a tenant an administrator's key is the operator's, as with tokens") {
    const key_file file;
    const auto key = make_api_key();
    REQUIRE(file.add(key, R"({"sub":"root","admin":true})").ok());
    CHECK(api_key_set::load(file.path)->find(key.text)->is_operator);
  }

  TEST_CASE("a file that is none is refused with its place") {
    const key_file file;
    for (const auto& [text, part] :
         {std::pair{"{", "starling"}, std::pair{R"({"keys":{}})", "keys"},
          std::pair{R"({"keys":[{"id":"x"}]})", "key 1: \"id\""},
          std::pair{R"({"keys":[{"id":"0123456789abcdef","sha256":"00"}]})",
                    "key 1: \"sha256\""}}) {
      CAPTURE(text);
      file.write(text);
      const auto read = read_api_keys(file.path);
      REQUIRE_FALSE(read.ok());
      CHECK(read.error().message.find(file.path) == 0);
      CHECK(read.error().message.find(part) != std::string::npos);
    }
  }
}
