/// JSON web keys (RFC 7517): `oct`, `OKP` Ed25519, `RSA`, `EC` P-256.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "net/auth/signature.hpp"
#include "net/base/result.hpp"

namespace starling::net {

struct jwk {
  std::string kid;  ///< empty: none
  verifier key;
};

/// The keys of a `{"keys":[..]}` document that can verify tokens. Keys meant for something else
/// (`use`, `key_ops`, another `kty`, curve or `alg`) are passed over, as RFC 7517 asks.
/// Errors: errc::malformed names the key by position and member; also when no key is left over.
result<std::vector<jwk>> parse_jwks(std::string_view text);

}  // namespace starling::net
