/// Key files. A PEM text may write its line ends as a literal backslash and n, as keys that once
/// lived in a YAML or environment value do.
#pragma once

#include <string>

#include "net/auth/signature.hpp"
#include "net/base/result.hpp"

namespace starling::net {

/// The whole text of a small file. Errors: errc::malformed with path and cause.
result<std::string> read_key_file(const std::string& path, std::size_t max_bytes = 256 * 1024);

/// One SPKI `PUBLIC KEY`. Errors: errc::malformed naming the file and what it holds instead.
result<pkey_ptr> read_public_key(const std::string& path);
/// The same from a text; `name` stands for the path in errors.
result<pkey_ptr> parse_public_key(const std::string& text, const std::string& name);

/// One unencrypted `PRIVATE KEY` (PKCS#8, or the older RSA and EC forms). Never asks for a phrase.
result<pkey_ptr> read_private_key(const std::string& path);

}  // namespace starling::net
