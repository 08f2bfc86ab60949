/// The TLS of the public listener, from its files.
#pragma once

#include <memory>
#include <string>

#include "net/base/result.hpp"

namespace boost::asio::ssl {
class context;
}

namespace starling::net {

/// Certificates are PEM, the server's own first, then the chain; keys are PEM without passphrase.
struct tls_files {
  std::string cert_file;
  std::string key_file;
};

/// Can the files be used? Errors: errc::malformed with the file and what is wrong with it.
result<void> check_tls_certificate(const std::string& cert_file);
/// The certificate must be usable.
result<void> check_tls_key(const tls_files& files);

/// nullptr when no file is named: plain HTTP. Connections keep what they need of the context they
/// were made with, so it may be replaced at any time. Errors as the checks above.
result<std::shared_ptr<boost::asio::ssl::context>> load_tls_context(const tls_files& files);

}  // namespace starling::net
