#include "net/base/base64.hpp"

#include <doctest/doctest.h>

using namespace starling;

TEST_SUITE("net/base/base64") {
  TEST_CASE("every length comes back in both alphabets, padded in one") {
    std::string bytes;
    for (int i = 0; i < 300; ++i) {
      const auto bare = base64url_encode(bytes);
      CHECK(bare.find_first_of("+/=") == bare.npos);
      CHECK(base64url_decode(bare) == bytes);
      const auto padded = base64_encode(bytes);
      CHECK(padded.size() == (bytes.size() + 2) / 3 * 4);
      CHECK(padded.find_first_of("-_") == padded.npos);
      CHECK(base64_decode(padded) == bytes);
      bytes += static_cast<char>(i * 37);
    }
  }

  TEST_CASE("the examples of RFC 4648 are read and written") {
    const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"},
                                                            {"\xff\xef", "/+8="}};
    for (const auto& [bytes, text] : examples) {
      CHECK(base64_encode(bytes) == text);
      CHECK(base64_decode(text) == bytes);
    }
    CHECK(base64url_encode("\xff\xef") == "_-8");
  }

  TEST_CASE("base64url: a second spelling of the same bytes is refused") {
    CHECK(base64url_decode("QQ") == "A");
    for (const char* text : {"QR", "QQ==", "QQ=", "Q", "QQ\n", "Q Q", "+/+/", "QUJDR"})
      CHECK_FALSE(base64url_decode(text).has_value());
  }

  TEST_CASE("base64: padding is asked for, foreign characters are refused") {
    CHECK(base64_decode("QR==") == "A");  // a stray bit
    for (const char* text : {"QQ", "QQ=", "Q===", "====", "QQ==QQ==", "Q*==", "-_-_", "QQ==\n"})
      CHECK_FALSE(base64_decode(text).has_value());
  }
}
