#include "apps/starling-bench/wire/token.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cstdint>
#include <stdexcept>

namespace starling::bench {

namespace {

std::string base64url(std::string_view bytes) {
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  out.reserve(bytes.size() * 4 / 3 + 2);
  std::uint32_t bits = 0;
  int held = 0;
  for (const unsigned char byte : bytes) {
    bits = bits << 8 | byte;
    for (held += 8; held >= 6; held -= 6) out += alphabet[bits >> (held - 6) & 63];
  }
  if (held > 0) out += alphabet[bits << (6 - held) & 63];
  return out;
}

}  // namespace

std::string sign_token(std::string_view secret, std::string_view claims) {
  static const std::string header = base64url(R"({"alg":"HS256","typ":"JWT"})");
  std::string token = header + '.' + base64url(claims);
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (!HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
            reinterpret_cast<const unsigned char*>(token.data()), token.size(), digest.data(),
            &size)) {
    throw std::runtime_error("HMAC-SHA256 failed while signing a token");
  }
  token += '.';
  token += base64url({reinterpret_cast<const char*>(digest.data()), size});
  return token;
}

std::string session_claims(std::string_view user, std::string_view prefix, long expires) {
  std::string claims = R"({"sub":")";
  claims.append(user).append(R"(","rooms":[")").append(prefix);
  claims.append(R"(*"],"publish":[],"admin":false,"exp":)").append(std::to_string(expires));
  return claims += '}';
}

std::string publisher_claims(std::string_view user, long expires) {
  std::string claims = R"({"sub":")";
  claims.append(user).append(R"(","rooms":[],"publish":true,"admin":true,"exp":)");
  return claims.append(std::to_string(expires)) += '}';
}

}  // namespace starling::bench
