#include "net/mapping/payload_signature.hpp"

#include <array>
#include <optional>
#include <string>

#include "net/base/hex.hpp"

namespace starling::net {

namespace {

constexpr std::size_t signature_bytes = 32;

std::optional<std::string> from_hex(std::string_view digits) {
  if (digits.size() != 2 * signature_bytes) return std::nullopt;
  std::string out;
  for (std::size_t i = 0; i < digits.size(); i += 2) {
    const int high = hex_value(digits[i]);
    const int low = hex_value(digits[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace

bool signed_by_header(const verifier& key, std::string_view body, std::string_view digits) {
  const auto signature = from_hex(digits);
  return signature && key.verify(body, *signature);
}

bool signed_by_member(const verifier& key, const payload& body) {
  static const auto at = *json_pointer::parse("/sig");
  const auto digits = body.find(at);
  if (digits.kind != json_kind::string) return false;
  const auto text = body.without("sig");
  return text && signed_by_header(key, *text, digits.text);
}

}  // namespace starling::net
