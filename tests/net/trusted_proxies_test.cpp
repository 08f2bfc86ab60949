#include "net/http/trusted_proxies.hpp"

#include <doctest/doctest.h>

#include "net/base/trace.hpp"
#include "net/http/request_ids.hpp"

using namespace starling;
using namespace starling::net;

namespace {

ip_address ip(const char* text) { return boost::asio::ip::make_address(text); }

std::string text_of(const std::optional<ip_endpoint>& at) {
  if (!at) return "none";
  return at->address().to_string() + "|" + std::to_string(at->port());
}

const trusted_proxies proxies({"10.0.0.0/8", "192.0.2.1", "2001:db8::/33"});

}  // namespace

TEST_SUITE("net/trusted_proxies") {
  TEST_CASE("an address is in a network when their first bits are the same") {
    CHECK(proxies.contains(ip("10.255.0.1")));
    CHECK_FALSE(proxies.contains(ip("11.0.0.1")));
    CHECK(proxies.contains(ip("192.0.2.1")));
    CHECK_FALSE(proxies.contains(ip("192.0.2.2")));
    CHECK(proxies.contains(ip("2001:db8:7fff::1")));
    CHECK_FALSE(proxies.contains(ip("2001:db8:8000::1")));
    CHECK(proxies.contains(ip("::ffff:10.1.2.3")));
    CHECK_FALSE(trusted_proxies().contains(ip("127.0.0.1")));
    CHECK(trusted_proxies({"::ffff:10.0.0.0/104"}).contains(ip("10.9.9.9")));
    CHECK(trusted_proxies({"0.0.0.0/0"}).contains(ip("203.0.113.9")));
    CHECK_FALSE(trusted_proxies({"0.0.0.0/0"}).contains(ip("::1")));
  }

  TEST_CASE("entries that are no networks are refused") {
    for (const auto* good : {"10.0.0.0/8", "::1", "2001:db8::/32", "192.0.2.1/32", "0.0.0.0/0"})
      CHECK_MESSAGE(trusted_proxies::check_entry(good), good);
    for (const auto* bad :
         {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/-1", "10.0.0/8", "::1/129", "proxy.example.com",
          "::ffff:10.0.0.0/8", "10.0.0.0/8x", "fe80::1%eth0"})
      CHECK_MESSAGE(!trusted_proxies::check_entry(bad), bad);
  }

  TEST_CASE("the client is the rightmost address that is no trusted proxy") {
    for (const auto& [header, client] :
         {std::pair{"203.0.113.7", "203.0.113.7|0"},
          {"6.6.6.6, 203.0.113.7", "203.0.113.7|0"},
          {"6.6.6.6, 203.0.113.7 , 10.0.0.3,192.0.2.1", "203.0.113.7|0"},
          {"10.0.0.9, 10.0.0.3", "10.0.0.9|0"},
          {"[2001:db9::1]:4711", "2001:db9::1|4711"},
          {"2001:db9::1", "2001:db9::1|0"},
          {"203.0.113.7:80", "203.0.113.7|80"},
          {"::ffff:203.0.113.7", "203.0.113.7|0"},
          {"rubbish, 203.0.113.7", "203.0.113.7|0"},
          {"203.0.113.7, rubbish", "none"},
          {"203.0.113.7, unknown, 10.0.0.1", "none"},
          {"", "none"},
          {",,", "none"},
          {"203.0.113.7:", "none"},
          {"[203.0.113.7]", "none"},
          {"203.0.113.7:70000", "none"}}) {
      CAPTURE(header);
      CHECK(text_of(forwarded_for(header, proxies)) == client);
    }
  }

  TEST_CASE("Forwarded is read by its for, quoted or not") {
    for (const auto& [header, client] :
         {std::pair{"for=203.0.113.7", "203.0.113.7|0"},
          {"For=\"203.0.113.7:4711\";proto=https;by=10.0.0.1", "203.0.113.7|4711"},
          {"for=6.6.6.6, proto=http ; for=\"[2001:db9::1]:99\" , for=10.0.0.2", "2001:db9::1|99"},
          {"for=unknown", "none"},
          {"for=_hidden", "none"},
          {"proto=https", "none"},
          {"for=", "none"}}) {
      CAPTURE(header);
      CHECK(text_of(forwarded(header, proxies)) == client);
    }
  }

  TEST_CASE("what a quoted string of Forwarded holds names nobody") {
    for (const auto& [header, client] :
         {std::pair{R"(for=203.0.113.7;host="a, for=9.9.9.9;x=")", "203.0.113.7|0"},
          {R"(for=203.0.113.7;host="a\", for=9.9.9.9;x=\"")", "203.0.113.7|0"},
          {R"(for=203.0.113.7;host="a\\")", "203.0.113.7|0"},
          {R"(for=203.0.113.7;host="a,b")", "203.0.113.7|0"},
          {R"(host="x;for=9.9.9.9";for=203.0.113.7)", "203.0.113.7|0"},
          {R"(for="6.6.6.6";host=",", for=203.0.113.7;host=",;" , for=10.0.0.2;host=",")",
           "203.0.113.7|0"}}) {
      CAPTURE(header);
      CHECK(text_of(forwarded(header, proxies)) == client);
    }
  }

  TEST_CASE("addresses in Forwarded may be escaped, and ports hidden") {
    for (const auto& [header, client] : {std::pair{R"(for="203.0.113.7:_p1")", "203.0.113.7|0"},
                                         {R"(for="[2001:4860::1]:_o.b-1")", "2001:4860::1|0"},
                                         {R"(for="\203.0.113\.7\:80")", "203.0.113.7|80"},
                                         {R"(for="203.0.113.7:_")", "none"},
                                         {R"(for="203.0.113.7:_a b")", "none"}}) {
      CAPTURE(header);
      CHECK(text_of(forwarded(header, proxies)) == client);
    }
  }

  TEST_CASE("a Forwarded whose strings cannot be told apart is not believed") {
    for (const auto* header :
         {R"(for=203.0.113.7;host="a)", R"(for=203.0.113.7;host="a\)",
          R"(for="x, for=203.0.113.7;host=",for=9.9.9.9;x=\"")", R"(host="a"b, for=203.0.113.7)",
          R"(host=a"b", for=203.0.113.7)", R"("host"=a, for=203.0.113.7)",
          R"(for=203.0.113.7;for=9.9.9.9)", R"(for=203.0.113.7;proto)", R"(for=203.0.113.7;=a)"}) {
      CAPTURE(header);
      CHECK(text_of(forwarded(header, proxies)) == "none");
    }
    CHECK(text_of(forwarded("rubbish, ;;, ,for=203.0.113.7;", proxies)) == "203.0.113.7|0");
  }
}

TEST_SUITE("net/request_ids") {
  const std::string trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  TEST_CASE("valid ids are taken over") {
    request_ids ids;
    ids.set("Req-1_a.b", trace);
    CHECK(ids.request_id == "Req-1_a.b");
    CHECK(ids.traceparent == trace);
    CHECK(ids.trace_id() == "0af7651916cd43dd8448eb211c80319c");
  }

  TEST_CASE("where none came, or none that is valid, they are made") {
    request_ids ids;
    for (const auto& bad : {std::string(), std::string(129, 'a'), std::string("a b"),
                            std::string("a\r\nb"), std::string("\xC3\xA4")}) {
      ids.set(bad, bad);
      CHECK(valid_request_id(ids.request_id));
      CHECK(valid_traceparent(ids.traceparent));
      CHECK(ids.request_id != bad);
    }
    request_ids other;
    other.set(std::nullopt, std::nullopt);
    CHECK(other.request_id != ids.request_id);
    CHECK(other.traceparent != ids.traceparent);
    CHECK(valid_request_id(std::string(128, 'a')));
  }

  TEST_CASE("a traceparent has the shape of the recommendation") {
    CHECK(valid_traceparent(trace));
    CHECK(valid_traceparent("01" + trace.substr(2) + "-more"));
    for (const auto& bad :
         {trace + "-more", trace.substr(1), "ff" + trace.substr(2), "0G" + trace.substr(2),
          "00-" + std::string(32, '0') + trace.substr(35),
          trace.substr(0, 36) + std::string(16, '0') + "-01",
          "00-0AF7651916CD43DD8448EB211C80319C" + trace.substr(35), trace + ", " + trace})
      CHECK_MESSAGE(!valid_traceparent(bad), bad);
  }
}
