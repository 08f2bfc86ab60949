#include "net/wire/member_codec.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace starling;
using namespace starling::net;

namespace {

std::string fault_of(std::string_view line) {
  const auto read = parse_member_line(line);
  REQUIRE_FALSE(read.ok());
  CHECK(read.error().code == errc::malformed);
  return read.error().message;
}

/// The names, read `most` at a time, or the error's message alone.
std::vector<std::string> names_in(std::string_view text, std::size_t most = 2) {
  user_list_reader in(text);
  std::vector<std::string> out;
  for (;;) {
    const auto more = in.read(most, [&](std::string name) { out.push_back(std::move(name)); });
    if (!more) return {more.error().message};
    if (!*more) return out;
  }
}

}  // namespace

TEST_SUITE_BEGIN("net/member_codec");

TEST_CASE("a line says who is a member of what, or no longer") {
  const auto in = parse_member_line(R"({"room":"chat:7","user":"ann","member":true})");
  REQUIRE(in.ok());
  CHECK(in->room == "chat:7");
  CHECK(in->user == "ann");
  CHECK(in->member);
  const auto gone =
      parse_member_line(" {\"member\": false, \"user\": 7, \"room\": \"a\", \"x\": [1]}\r");
  REQUIRE(gone.ok());
  CHECK(gone->user == "7");
  CHECK_FALSE(gone->member);
}

TEST_CASE("a faulty line says what is wrong with it") {
  CHECK(fault_of("nonsense").find("object") != std::string::npos);
  CHECK(fault_of("{\"room\":\"a\"").find("malformed JSON") != std::string::npos);
  CHECK(fault_of(R"({"room":"a","user":"u"})") == "member is missing: it must be true or false");
  CHECK(fault_of(R"({"user":"u","member":true})") == "room is missing");
  CHECK(fault_of(R"({"room":"a","member":true})") == "user is missing");
  CHECK(fault_of(R"({"room":"a b","user":"u","member":true})").find("room must be") == 0);
  CHECK(fault_of(R"({"room":"a","user":"u/","member":true})").find("user must be") == 0);
  CHECK(fault_of(R"({"room":"a","user":1.5,"member":true})").find("user must be") == 0);
  CHECK(fault_of(R"({"room":"a","user":"u","member":"yes"})") == "member must be true or false");
  CHECK(fault_of(R"({"room":"a","user":"u","member":true} x)").find("more text") !=
        std::string::npos);
}

TEST_CASE("lines are numbered as an editor numbers them") {
  text_lines in("a\n\n  \r\nb\n");
  std::string_view line;
  REQUIRE(in.next(line));
  CHECK(line == "a");
  CHECK(in.number() == 1);
  REQUIRE(in.next(line));
  CHECK(line == "b");
  CHECK(in.number() == 4);
  CHECK_FALSE(in.next(line));
}

TEST_CASE("a list of users is an array, or a name a line") {
  const std::vector<std::string> three{"ann", "bob", "7"};
  CHECK(names_in(R"(["ann","bob",7])") == three);
  CHECK(names_in("\n [ \"ann\" , \"bob\", 7 ]\n", 100) == three);
  CHECK(names_in("\"ann\"\n\n\"bob\"\r\n7\n") == three);
  CHECK(names_in("[]").empty());
  CHECK(names_in("").empty());
}

TEST_CASE("a fault in a list of users is named by its place") {
  CHECK(names_in("\"ann\"\nbob\n")[0].find("line 2: ") == 0);
  CHECK(names_in("\"ann\"\n\"b b\"\n")[0].find("line 2: user must be") == 0);
  CHECK(names_in(R"(["ann","b b"])")[0].find("element 2: user must be") == 0);
  CHECK(names_in(R"(["ann",{}])")[0].find("element 2: expected") == 0);
  CHECK(names_in(R"(["ann")")[0].find("malformed JSON") == 0);
  CHECK(names_in(R"(["ann"] x)")[0].find("malformed JSON") == 0);
  CHECK(names_in("{\"ann\":1}")[0].find("line 1: ") == 0);
}

TEST_SUITE_END();
