/// Foreign payloads signed with a shared secret: HMAC-SHA256, 64 hexadecimal digits.
#pragma once

#include <string_view>

#include "net/auth/signature.hpp"
#include "net/mapping/payload.hpp"

namespace starling::net {

/// The header that carries a signature over the whole body.
inline constexpr const char* signature_header = "X-Event-Signature";

/// True when `digits` is the key's signature over `body`.
bool signed_by_header(const verifier& key, std::string_view body, std::string_view digits);

/// True when the member `sig` is the key's signature over the document as compact JSON without
/// `sig`, members in the order sent.
bool signed_by_member(const verifier& key, const payload& body);

}  // namespace starling::net
