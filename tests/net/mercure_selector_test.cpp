#include "net/dialect/mercure/topic_selector.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <set>

#include "net/dialect/mercure/subscribe_request.hpp"

using namespace starling;
using namespace starling::net::mercure;

namespace {

const std::string books = "https://ex.org/books/";
const std::vector<std::string> topics{"foo",
                                      "bar",
                                      books,
                                      books + "1",
                                      books + "1/reviews",
                                      books + "1,2",
                                      books + "{id}",
                                      books + "%7Bid%7D",
                                      "https://ex.org/x",
                                      "https://ex.org/x?a=1",
                                      "https://ex.org/x?a=1&b=2",
                                      "/a/b",
                                      "/a/b/c",
                                      "file",
                                      "file.txt",
                                      "x#y"};

using names = std::set<std::string>;

names matched(match_type type, std::string_view text) {
  const auto selector = topic_selector::make(type, text);
  REQUIRE(selector.ok());
  names out;
  for (const auto& topic : topics)
    if (selector->matches(topic)) out.insert(topic);
  return out;
}

}  // namespace

TEST_SUITE("net/dialect/mercure/topic_selector") {
  TEST_CASE("a template matches what the reference hub's matches") {
    const names all(topics.begin(), topics.end());
    const std::pair<std::string, names> table[] = {
        {"foo", {"foo"}},
        {"fo", {}},
        {"f*", {}},
        {"*", all},
        {books + "{id}", {books, books + "1", books + "1,2", books + "{id}", books + "%7Bid%7D"}},
        {books + "{+rest}",
         {books, books + "1", books + "1/reviews", books + "1,2", books + "%7Bid%7D"}},
        {books + "{id}/reviews", {books + "1/reviews"}},
        {"https://ex.org/x{?a,b}",
         {"https://ex.org/x", "https://ex.org/x?a=1", "https://ex.org/x?a=1&b=2"}},
        {"https://ex.org/x?a=1{&b}", {"https://ex.org/x?a=1", "https://ex.org/x?a=1&b=2"}},
        {"/a{/x}", {"/a/b"}},
        {"/a{/x,y}", {"/a/b", "/a/b/c"}},
        {"/a{/x*}", {"/a/b", "/a/b/c"}},
        {"file{.ext}", {"file", "file.txt"}},
        {"{x}", {"foo", "bar", "file", "file.txt"}},
        {"x{#y}", {"x#y"}},
        {"https://ex.org/{a}/{b}", {books, books + "1", books + "1,2", books + "%7Bid%7D"}},
        {"https://ex.org/b.oks/1", {}},
    };
    for (const auto& [text, wanted] : table) {
      CAPTURE(text);
      CHECK(matched(match_type::selector, text) == wanted);
    }
  }

  TEST_CASE("what is no template is a text") {
    for (const auto* text : {"a{", "a{}", "a}", "a{b", "{!x}", "{a b}", "a b{c}", "{x:99999}"}) {
      CAPTURE(text);
      CHECK_FALSE(template_program(text));
      const auto selector = topic_selector::make(match_type::selector, text);
      REQUIRE(selector.ok());
      CHECK(selector->one_topic());
      CHECK(selector->matches(text));
    }
  }

  TEST_CASE("in 1.0 an exact match is a text whatever it looks like") {
    CHECK(matched(match_type::exact, books + "{id}") == names{books + "{id}"});
    CHECK(matched(match_type::exact, "*").size() == topics.size());
  }

  TEST_CASE(
      "a URL pattern has names, wildcards and groups, and says nothing of what it leaves out") {
    const std::pair<std::string, names> table[] = {
        {books + ":id", {books + "1", books + "1,2", books + "{id}", books + "%7Bid%7D"}},
        {books + ":id/reviews", {books + "1/reviews"}},
        {"http{s}?://ex.org/x",
         {"https://ex.org/x", "https://ex.org/x?a=1", "https://ex.org/x?a=1&b=2"}},
        {"https://:host/x", {}},  // a name in a host ends at a dot
        {"https://:name.org/x?a=1*", {"https://ex.org/x?a=1", "https://ex.org/x?a=1&b=2"}},
        {"https://*.org/x",
         {"https://ex.org/x", "https://ex.org/x?a=1", "https://ex.org/x?a=1&b=2"}},
        {"/a{/:rest}*", {"/a/b", "/a/b/c"}},
        {"/a/:rest+", {"/a/b", "/a/b/c"}},
    };
    for (const auto& [text, wanted] : table) {
      CAPTURE(text);
      CHECK(matched(match_type::url_pattern, text) == wanted);
    }
    for (const auto* text : {"/a/(\\d+)", "/a/{b", "/a/b}", "/a/{{b}}", "/a\\"}) {
      CAPTURE(text);
      CHECK(topic_selector::make(match_type::url_pattern, text).error().code == errc::malformed);
    }
  }

  TEST_CASE("no pattern makes matching explode") {
    std::string pattern = "/";
    for (int i = 0; i < 20; ++i) pattern += "{a*}";
    const auto selector = topic_selector::make(match_type::selector, pattern);
    REQUIRE(selector.ok());
    const auto began = std::chrono::steady_clock::now();
    CHECK_FALSE(selector->matches("/" + std::string(1000, 'a') + "!"));
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(1));
    std::string too_much;
    for (int i = 0; i < 300; ++i) too_much += "{a}";
    CHECK_FALSE(topic_selector::make(match_type::selector, too_much).ok());
  }

  TEST_CASE("a topic is 1 to 1,024 bytes of UTF-8") {
    CHECK(topic_selector::make(match_type::exact, std::string(1024, 't')).ok());
    for (const auto& text : {std::string(), std::string(1025, 't'), std::string("\xFF")})
      CHECK(topic_selector::make(match_type::exact, text).error().code == errc::malformed);
    CHECK(topic_selector::make(match_type::selector, "雪の話題/ü ß")->matches("雪の話題/ü ß"));
  }
}

TEST_SUITE("net/dialect/mercure/subscribe_request") {
  TEST_CASE("topics of both versions are taken, each once") {
    const auto found = parse_selectors(net::query_params(
        "topic=a&topic=a&match=a&match_exact=b&match_urlpattern=%2F%3Ax&other=1"));
    REQUIRE(found.ok());
    REQUIRE(found->size() == 4);
    CHECK((*found)[0].type() == match_type::selector);
    CHECK((*found)[1].type() == match_type::exact);
    CHECK((*found)[3].type() == match_type::url_pattern);
  }

  TEST_CASE("nothing to match, too much, or another way to match is malformed") {
    std::string many;
    for (int i = 0; i <= 100; ++i) many += "topic=t" + std::to_string(i) + "&";
    for (const auto& query : {std::string(), std::string("topic="), std::string("match_template=x"),
                              std::string("Matcher=x"), many}) {
      CAPTURE(query);
      CHECK(parse_selectors(net::query_params(query)).error().code == errc::malformed);
    }
  }
}
