/// The TLS of the listeners, from its files.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "net/base/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace starling::net {

enum class tls_version : std::uint8_t {
  tls12,
  tls13
};

/// Certificates are PEM, the server's own first, then the chain; keys are PEM without passphrase.
struct tls_files {
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file = {};  ///< PEM; clients must show a certificate of one of these
  tls_version least = tls_version::tls12;
};

/// Can the files be used? Errors: errc::malformed with the file and what is wrong with it.
result<void> check_tls_certificate(const std::string& cert_file);
/// The certificate must be usable.
result<void> check_tls_key(const tls_files& files);
result<void> check_tls_client_ca(const std::string& ca_file);

/// nullptr when no file is named: plain HTTP. Connections keep what they need of the context they
/// were made with, so it may be replaced at any time. Errors as the checks above.
///
/// TLS 1.3, and 1.2 (unless `least` says otherwise) with ECDHE and AEAD ciphers only: what was
/// recorded cannot be read with the key later.
result<std::shared_ptr<boost::asio::ssl::context>> load_tls_context(const tls_files& files);

}  // namespace starling::net
