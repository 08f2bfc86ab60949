#include "net/wire/ws_frame.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace starling;
using namespace starling::net;

namespace {

/// A client frame; `first` is the first byte (FIN, RSV, opcode).
std::string client(unsigned first, std::string_view payload, bool mask = true) {
  static constexpr unsigned char key[] = {0x37, 0xFA, 0x21, 0x3D};
  std::array<char, max_ws_header> header{};
  const auto size = write_ws_header(ws_opcode::text, payload.size(), header);
  header[0] = static_cast<char>(first);
  if (mask) header[1] = static_cast<char>(header[1] | 0x80);
  std::string out(header.data(), size);
  if (!mask) return out.append(payload);
  for (const auto byte : key) out += static_cast<char>(byte);
  for (std::size_t i = 0; i < payload.size(); ++i)
    out += static_cast<char>(static_cast<unsigned char>(payload[i]) ^ key[i & 3]);
  return out;
}
std::string close_payload(unsigned code, std::string_view reason = {}) {
  std::string out{static_cast<char>(code >> 8), static_cast<char>(code)};
  return out.append(reason);
}

/// All that is found in `bytes`, one word each, when they arrive `step` at a time.
std::string run(std::string_view bytes, std::size_t step, std::size_t limit = 1 << 20) {
  ws_parser parser(limit);
  std::string out;
  const auto note = [&](std::string_view text) { out.append(out.empty() ? "" : " ").append(text); };
  while (!bytes.empty()) {
    auto piece = bytes.substr(0, step);
    bytes.remove_prefix(piece.size());
    for (auto found = parser.next(piece); found != ws_found::nothing; found = parser.next(piece)) {
      const std::string payload(parser.payload());
      const auto shown = payload.size() > 20 ? std::to_string(payload.size()) + "B" : payload;
      switch (found) {
        case ws_found::text: note("text:" + shown); break;
        case ws_found::binary: note("binary:" + shown); break;
        case ws_found::ping: note("ping:" + shown); break;
        case ws_found::pong: note("pong:" + shown); break;
        case ws_found::close: note("close:" + std::to_string(parser.code())); break;
        case ws_found::failure: note("fail:" + std::to_string(parser.code())); break;
        case ws_found::nothing: break;
      }
    }
    CHECK(piece.empty());
  }
  return out;
}

struct row {
  const char* name;
  std::string bytes;
  std::string found;
};
void check(const std::vector<row>& rows) {
  for (const auto& r : rows) {
    CAPTURE(r.name);
    CHECK(run(r.bytes, r.bytes.size()) == r.found);
    CHECK(run(r.bytes, 1) == r.found);
    CHECK(run(r.bytes, 7) == r.found);
  }
}

std::string sized(std::size_t n, char c = 'x') { return std::string(n, c); }

}  // namespace

TEST_SUITE("net/wire/ws_frame") {
  TEST_CASE("1: messages of every length form") {
    std::vector<row> rows;
    for (const std::size_t n : {0u, 125u, 126u, 127u, 128u, 65535u, 65536u}) {
      const auto shown = n == 0 ? "" : std::to_string(n) + "B";
      rows.push_back({"text", client(0x81, sized(n)), "text:" + shown});
      rows.push_back({"binary", client(0x82, sized(n, '\xFE')), "binary:" + shown});
    }
    check(rows);
  }

  TEST_CASE("2: pings and pongs") {
    std::string ten;
    std::string found;
    for (int i = 0; i < 10; ++i) {
      ten += client(0x89, "p" + std::to_string(i));
      found += (i ? " ping:p" : "ping:p") + std::to_string(i);
    }
    check({{"empty", client(0x89, ""), "ping:"},
           {"bytes", client(0x89, std::string("\x00\xFF\xFE", 3)),
            std::string("ping:\x00\xFF\xFE", 8)},
           {"125", client(0x89, sized(125)), "ping:125B"},
           {"126", client(0x89, sized(126)), "fail:1002"},
           {"unsolicited pong", client(0x8A, "u") + client(0x89, "p"), "pong:u ping:p"},
           {"ten in order", ten, found}});
  }

  TEST_CASE("3, 4: reserved bits and opcodes; nothing after a failure counts") {
    std::vector<row> rows;
    for (const unsigned bits : {0x10u, 0x20u, 0x30u, 0x40u, 0x50u, 0x60u, 0x70u})
      rows.push_back({"rsv", client(0x81, "a") + client(0x81 | bits, "b") + client(0x89, "p"),
                      "text:a fail:1002"});
    for (const unsigned op : {3u, 4u, 5u, 6u, 7u, 11u, 12u, 13u, 14u, 15u})
      rows.push_back({"opcode", client(0x80 | op, "") + client(0x89, "p"), "fail:1002"});
    rows.push_back({"unmasked", client(0x81, "a", false), "fail:1002"});
    rows.push_back({"long form of a short length", std::string("\x81\xFE\x00\x05", 4) + sized(9),
                    "fail:1002"});
    rows.push_back({"64-bit form of a 16-bit length",
                    std::string("\x82\xFF\x00\x00\x00\x00\x00\x00\xFF\xFF", 10) + sized(4),
                    "fail:1002"});
    rows.push_back({"length beyond 63 bits",
                    std::string("\x82\xFF\x80\x00\x00\x00\x00\x00\x00\x00", 10) + sized(4),
                    "fail:1002"});
    check(rows);
  }

  TEST_CASE("5: fragments") {
    check(
        {{"two", client(0x01, "a") + client(0x80, "b"), "text:ab"},
         {"empty ones", client(0x01, "") + client(0x00, "") + client(0x80, ""), "text:"},
         {"empty first", client(0x02, "") + client(0x80, "b"), "binary:b"},
         {"ping between", client(0x01, "a") + client(0x89, "p") + client(0x80, "b"),
          "ping:p text:ab"},
         {"close between", client(0x01, "a") + client(0x88, ""), "close:1005"},
         {"fragmented ping", client(0x09, "p"), "fail:1002"},
         {"fragmented close", client(0x08, ""), "fail:1002"},
         {"lone continuation", client(0x80, "b"), "fail:1002"},
         {"lone first continuation", client(0x00, "b"), "fail:1002"},
         {"continuation after the end", client(0x81, "a") + client(0x80, "b"), "text:a fail:1002"},
         {"text inside a message", client(0x01, "a") + client(0x81, "b"), "fail:1002"},
         {"two messages", client(0x01, "a") + client(0x80, "b") + client(0x81, "c"),
          "text:ab text:c"}});
  }

  TEST_CASE("6: text must be UTF-8") {
    const std::string good = "\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5";
    std::vector<row> rows{
        {"valid", client(0x81, good), "text:" + good},
        {"cut inside a character", client(0x01, good.substr(0, 1)) + client(0x80, good.substr(1)),
         "text:" + good},
        {"incomplete at the end", client(0x81, good.substr(0, 1)), "fail:1007"},
        {"control frame between is no part",
         client(0x01, "\xCE") + client(0x89, "\xFF") + client(0x80, "\xBA"),
         "ping:\xFF text:\xCE\xBA"},
        {"highest", client(0x81, "\xF4\x8F\xBF\xBF"), "text:\xF4\x8F\xBF\xBF"},
        {"next message starts afresh", client(0x81, "a") + client(0x82, "\xCE") + client(0x81, "b"),
         "text:a binary:\xCE text:b"}};
    for (const char* bad : {"\xF4\x90\x80\x80", "\xED\xA0\x80", "\xED\xBF\xBF", "\xC0\xAF",
                            "\xE0\x80\xAF", "\xF0\x80\x80\xAF", "\x80", "\xBF", "\xFE", "\xFF",
                            "\xC1\xBF", "\xF8\x88\x80\x80\x80", "a\xE2\x28\xA1"})
      rows.push_back({"invalid", client(0x81, bad), "fail:1007"});
    check(rows);
  }

  TEST_CASE("6.4: invalid text fails before the message, even before the frame, is complete") {
    const auto fragment = client(0x01, "\xF4\x90");
    CHECK(run(fragment, fragment.size()) == "fail:1007");
    auto open = client(0x81, "ab\xF4\x90" + sized(100));
    CHECK(run(std::string_view(open).substr(0, 6 + 4), 1) == "fail:1007");
  }

  TEST_CASE("7: closing") {
    std::vector<row> rows{
        {"no code", client(0x88, ""), "close:1005"},
        {"one byte", client(0x88, "x"), "fail:1002"},
        {"123-byte reason", client(0x88, close_payload(1000, sized(123))), "close:1000"},
        {"124-byte reason", client(0x88, close_payload(1000, sized(124))), "fail:1002"},
        {"bad UTF-8 reason", client(0x88, close_payload(1000, "\xCE\xBA\xFF")), "fail:1007"},
        {"cut UTF-8 reason", client(0x88, close_payload(1000, "\xCE")), "fail:1007"},
        {"data after it", client(0x88, close_payload(1000)) + client(0x81, "a") + client(0x89, ""),
         "close:1000"}};
    for (const unsigned code : {1000u, 1001u, 1002u, 1003u, 1007u, 1008u, 1009u, 1010u, 1011u,
                                3000u, 3999u, 4000u, 4999u})
      rows.push_back({"good", client(0x88, close_payload(code)), "close:" + std::to_string(code)});
    for (const unsigned code :
         {0u, 999u, 1004u, 1005u, 1006u, 1016u, 1100u, 2000u, 2999u, 5000u, 65535u})
      rows.push_back({"bad", client(0x88, close_payload(code)), "fail:1002"});
    check(rows);
  }

  TEST_CASE("9: a message over the limit fails by its announced length") {
    CHECK(run(client(0x81, sized(100)), 1000, 100) == "text:100B");
    const auto one = client(0x81, sized(101));
    CHECK(run(std::string_view(one).substr(0, 6), 1, 100) == "fail:1009");
    CHECK(run(client(0x01, sized(60)) + client(0x80, sized(41)), 1000, 100) == "fail:1009");
    CHECK(run(client(0x01, sized(60)) + client(0x89, sized(60)) + client(0x80, sized(40)), 1000,
              100) == "ping:60B text:100B");
  }

  TEST_CASE("a parser between messages is not partial") {
    ws_parser parser(100);
    CHECK_FALSE(parser.partial());
    const auto bytes = client(0x01, "ab");
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      auto piece = std::string_view(bytes).substr(i, 1);
      CHECK(parser.next(piece) == ws_found::nothing);
      CHECK(parser.partial());
    }
    const auto end = client(0x80, "c");
    std::string_view rest = end;
    CHECK(parser.next(rest) == ws_found::text);
    CHECK(parser.payload() == "abc");
    CHECK_FALSE(parser.partial());
  }

  TEST_CASE("server frames") {
    CHECK(make_ws_frame(ws_opcode::pong, "ab").whole() ==
          "\x8A\x02"
          "ab");
    CHECK(make_ws_frame(ws_opcode::text, sized(126)).whole().substr(0, 4) ==
          std::string_view("\x81\x7E\x00\x7E", 4));
    CHECK(make_ws_frame(ws_opcode::text, sized(65536)).whole().substr(0, 10) ==
          std::string_view("\x81\x7F\0\0\0\0\0\x01\0\0", 10));
    CHECK(make_ws_close(1001, "bye").whole() ==
          "\x88\x05\x03\xE9"
          "bye");
    CHECK(make_ws_close(ws_close::none, "ignored").whole() == std::string_view("\x88\0", 2));
    CHECK(make_ws_close(1000, sized(500)).whole().size() == 2 + max_ws_control);
  }
}
