/// A JWKS document, and its keys at work.
#include "net/auth/jwk.hpp"
#include "net/base/base64.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

void fuzz(std::string_view bytes) {
  if (const auto decoded = base64url_decode(bytes))
    require(base64url_encode(*decoded) == bytes, "bytes have one spelling");
  const auto keys = net::parse_jwks(bytes);
  if (!keys) {
    require(keys.error().code == errc::malformed, "a document that is none is malformed");
    return;
  }
  require(!keys->empty(), "a good document has a key");
  for (const auto& each : *keys)
    require(!each.key.verify("header.claims", std::string(64, 'x')), "no key takes any signature");
}
