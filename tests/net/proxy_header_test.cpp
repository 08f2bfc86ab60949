#include "net/io/proxy_header.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace starling::net;
using namespace std::string_literals;
using state = proxy_header::state;

namespace {

const std::string signature = "\r\n\r\n\0\r\nQUIT\n"s;

std::string block(char command, char family, const std::string& rest) {
  std::string out = signature;
  out += command;
  out += family;
  out += static_cast<char>(rest.size() >> 8);
  out += static_cast<char>(rest.size());
  return out + rest;
}

const std::string four = "\xCB\x00\x71\x07\x0A\x00\x00\x01\x12\x67\x01\xBB"s;  // 203.0.113.7:4711

std::string source(const proxy_header& of) {
  if (!of.source) return "none";
  return of.source->address().to_string() + "|" + std::to_string(of.source->port());
}

}  // namespace

TEST_SUITE("net/proxy_header") {
  TEST_CASE("version 1 names the source") {
    const auto line = "PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n"s;
    const auto read = read_proxy_header(line + "GET / HTTP/1.1\r\n");
    CHECK(read.found == state::complete);
    CHECK(read.size == line.size());
    CHECK(source(read) == "203.0.113.7|4711");
    CHECK(source(read_proxy_header("PROXY TCP6 2001:db8::1 ::1 1 2\r\n")) == "2001:db8::1|1");
    const auto unknown = read_proxy_header("PROXY UNKNOWN ff 1 2\r\nrest");
    CHECK(unknown.found == state::complete);
    CHECK_FALSE(unknown.source);
    CHECK(unknown.size == 22);
  }

  TEST_CASE("version 2 names the source, and LOCAL names none") {
    const auto bytes = block('\x21', '\x11', four + "\x04\x00\x01x"s);
    const auto read = read_proxy_header(bytes + "GET");
    CHECK(read.found == state::complete);
    CHECK(read.size == bytes.size());
    CHECK(source(read) == "203.0.113.7|4711");
    const std::string six = std::string("\x20\x01\x0D\xB8", 4) + std::string(11, '\0') + "\x01" +
                            std::string(16, '\0') + "\x00\x50\x01\xBB"s;
    CHECK(source(read_proxy_header(block('\x21', '\x21', six))) == "2001:db8::1|80");
    for (const auto& other : {block('\x20', '\x00', ""), block('\x20', '\x11', four),
                              block('\x21', '\x31', std::string(216, 'a'))}) {
      const auto local = read_proxy_header(other);
      CHECK(local.found == state::complete);
      CHECK_FALSE(local.source);
      CHECK(local.size == other.size());
    }
  }

  TEST_CASE("every beginning of a header is incomplete, and nothing else is") {
    for (const auto& whole :
         {"PROXY TCP4 203.0.113.7 10.0.0.1 4711 443\r\n"s, block('\x21', '\x11', four)})
      for (std::size_t size = 1; size < whole.size(); ++size)
        CHECK(read_proxy_header(std::string_view(whole).substr(0, size)).found ==
              state::incomplete);
    for (const auto& other :
         {"GET / HTTP/1.1\r\n"s, "POST"s, "PRI * HTTP/2.0"s, "\x16\x03\x01"s, "\r\nGET"s})
      CHECK(read_proxy_header(other).found == state::none);
  }

  TEST_CASE("what cannot be is bad, and says why") {
    for (const auto& bad :
         {"PROXY TCP4 203.0.113.7 10.0.0.1 4711\r\n"s, "PROXY TCP4 2001:db8::1 ::1 1 2\r\n"s,
          "PROXY TCP4 203.0.113.7 10.0.0.1 70000 1\r\n"s, "PROXY UDP4 1.1.1.1 2.2.2.2 1 2\r\n"s,
          "PROXY " + std::string(120, 'x'), block('\x11', '\x11', four),
          block('\x22', '\x11', four), block('\x21', '\x11', "short"), block('\x21', '\x21', four),
          block('\x21', '\x11', std::string(5000, 'x'))}) {
      const auto read = read_proxy_header(bad);
      CHECK(read.found == state::bad);
      CHECK(std::string_view(read.complaint).size() > 0);
    }
  }
}
