#include "cluster/envelope.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>
#include <string_view>
#include <vector>

using namespace starling;
using namespace starling::cluster;

namespace {

event full_event() {
  event out;
  out.channel = {tenant_id("acme"), channel_kind::user, "ann"};
  out.id = "01HQ";
  out.id_given = true;
  out.name = "message";
  out.data = std::string("{\"a\":\"\0\xff\"}", 11);
  out.data_is_text = true;
  out.accepted_ns = 1'700'000'000'123'456'789;
  out.sender = "bob";
  out.exclude = {*session_id::parse("00000001-0203-8405-8607-08090a0b0c0d"),
                 *session_id::parse("ffffffff-ffff-8fff-bfff-ffffffffffff")};
  out.earlier_targets = {"room a", "", "user x"};
  out.traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  return out;
}

void check_equal(const event& a, const event& b) {
  CHECK(a.channel == b.channel);
  CHECK(a.id == b.id);
  CHECK(a.id_given == b.id_given);
  CHECK(a.name == b.name);
  CHECK(a.data == b.data);
  CHECK(a.data_is_text == b.data_is_text);
  CHECK(a.accepted_ns == b.accepted_ns);
  CHECK(a.sender == b.sender);
  CHECK(a.exclude == b.exclude);
  CHECK(a.earlier_targets == b.earlier_targets);
  CHECK(a.traceparent == b.traceparent);
}

/// A copy without spare capacity, so that the address sanitizer sees one byte too far.
result<event> decode_exactly(std::string_view bytes) {
  const std::vector<char> tight(bytes.begin(), bytes.end());
  return decode({tight.data(), tight.size()});
}

}  // namespace

TEST_SUITE_BEGIN("cluster/envelope");

TEST_CASE("an event comes back as it was") {
  const auto back = decode(encode(full_event()));
  REQUIRE(back.ok());
  check_equal(*back, full_event());
}

TEST_CASE("its size is known before it is made") {
  auto item = full_event();
  CHECK(encoded_bytes(item) == encode(item).size());
  CHECK(encoded_bytes({}) == encode(event{}).size());
  for (const std::size_t size : {127u, 128u, 16'383u, 16'384u, 70'000u}) {
    item.data = std::string(size, 'x');
    item.earlier_targets = {std::string(size, 'y'), "z"};
    CHECK(encoded_bytes(item) == encode(item).size());
  }
}

TEST_CASE("lists of more items than a publish can have are refused") {
  auto item = full_event();
  item.earlier_targets = std::vector<std::string>(100'000);
  CHECK(decode(encode(item)).ok());
  item.earlier_targets = std::vector<std::string>(100'001);
  CHECK_FALSE(decode(encode(item)).ok());
  item.earlier_targets = {};
  item.exclude = std::vector<session_id>(100'001);
  CHECK_FALSE(decode(encode(item)).ok());
}

TEST_CASE("what clients could not be handed as it is, is refused") {
  const auto with = [](auto change) {
    event out = full_event();
    out.data = R"({"a":[1,"two",null]})";
    out.data_is_text = false;
    change(out);
    return check_content(out).ok();
  };
  CHECK(with([](event&) {}));
  for (const std::string data : {"", "{", "nonsense", "{\"a\":1}{", "\"\xff\""}) {
    CAPTURE(data);
    CHECK_FALSE(with([&](event& e) { e.data = data; }));
    CHECK(with([&](event& e) {
      e.data = data;
      e.data_is_text = true;
    }));
  }
  CHECK(with([](event& e) { e.data = std::string(64, '[') + std::string(64, ']'); }));
  CHECK_FALSE(with([](event& e) { e.data = std::string(100'000, '['); }));
  CHECK_FALSE(with([](event& e) { e.name = "a\nevent: goodbye"; }));
  CHECK_FALSE(with([](event& e) { e.id = "1\r\n\r\ndata: x"; }));
  CHECK_FALSE(with([](event& e) { e.sender = "a\nb"; }));
}

TEST_CASE("an empty event, a long one and a time before 1970 come back") {
  event empty;
  empty.accepted_ns = -5;
  const auto back = decode(encode(empty));
  REQUIRE(back.ok());
  check_equal(*back, empty);

  auto large = full_event();
  large.data = std::string(70'000, 'x');
  const auto large_back = decode(encode(large));
  REQUIRE(large_back.ok());
  check_equal(*large_back, large);
}

TEST_CASE("fields that a later version added are ignored") {
  auto bytes = encode(full_event());
  bytes += "\x03new";
  const auto back = decode(bytes);
  REQUIRE(back.ok());
  check_equal(*back, full_event());
}

TEST_CASE("every cut is refused but that before the trace, and no cut is read past") {
  auto older = full_event();  // of a version without it
  older.traceparent.clear();
  const auto older_size = encode(older).size() - 1;
  const auto bytes = encode(full_event());
  CHECK(decode_exactly(std::string_view(bytes).substr(0, older_size)).ok());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    if (size == older_size) continue;
    const auto cut = decode_exactly(std::string_view(bytes).substr(0, size));
    REQUIRE_FALSE(cut.ok());
    CHECK(cut.error().code == errc::malformed);
  }
}

TEST_CASE("another version and an unknown kind are refused") {
  auto bytes = encode(full_event());
  bytes[0] = 2;
  CHECK_FALSE(decode(bytes).ok());
  bytes = encode(full_event());
  bytes[bytes.find("acme") + 5] = 4;  // after the tenant: length 1, kind
  CHECK_FALSE(decode(bytes).ok());
}

TEST_CASE("a length beyond all bounds is refused") {
  for (const auto* length :
       {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
        "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x80"})
    CHECK_FALSE(decode_exactly(std::string("\x01").append(length)).ok());
}

TEST_CASE("changed and random bytes are decoded or refused, nothing else") {
  std::mt19937 random(4711);
  const auto bytes = encode(full_event());
  for (int round = 0; round < 20'000; ++round) {
    auto changed = bytes;
    for (int i = 0; i < 3; ++i) changed[random() % changed.size()] = static_cast<char>(random());
    const auto outcome = decode_exactly(changed);
    if (outcome.ok()) CHECK(outcome->data.size() <= changed.size());

    std::string noise(random() % 64, '\0');
    for (auto& byte : noise) byte = static_cast<char>(random());
    if (!noise.empty()) noise[0] = 1;
    CHECK_FALSE(decode_exactly(noise).ok());
  }
}

TEST_CASE("a node's message comes back with its sender") {
  const auto back = decode_node_message(encode(node_id("n1"), std::string("\0x", 2)));
  REQUIRE(back.ok());
  CHECK(back->from == node_id("n1"));
  CHECK(back->payload == std::string("\0x", 2));
  for (const std::string bad : {"", "\x01", "\x02\x01n\x01p", "\x01\x01n", "\x01\x01n\x02p"})
    CHECK_FALSE(decode_node_message(bad).ok());
}

TEST_SUITE_END();
