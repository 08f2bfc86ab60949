#include "net/io/tls_context.hpp"

#include <openssl/err.h>

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/error.hpp>

namespace starling::net {

namespace asio = boost::asio;
using context = asio::ssl::context;

namespace {

error cannot_use(const std::string& file, const boost::system::error_code& why, const char* rule) {
  return {errc::malformed, "cannot use \"" + file + "\": " + why.message() + "; " + rule};
}

result<void> load_certificate(context& into, const std::string& file) {
  boost::system::error_code ec;
  into.use_certificate_chain_file(file, ec);
  if (ec) return cannot_use(file, ec, "it must be a certificate in PEM, then its chain");
  return {};
}

result<void> load_key(context& into, const std::string& file) {
  boost::system::error_code ec;
  // Without this OpenSSL asks for a passphrase on the terminal, and the start hangs.
  into.set_password_callback([](std::size_t, context::password_purpose) { return ""; });
  into.use_private_key_file(file, context::pem, ec);
  // A key of another type than the certificate takes another place and is not compared with it.
  if (!ec && SSL_CTX_check_private_key(into.native_handle()) != 1)
    ec = {static_cast<int>(ERR_get_error()), asio::error::get_ssl_category()};
  if (ec)
    return cannot_use(file, ec,
                      "it must be the private key of the certificate, in PEM, without passphrase");
  return {};
}

result<void> load_client_ca(context& into, const std::string& file) {
  boost::system::error_code ec;
  into.load_verify_file(file, ec);
  if (ec) return cannot_use(file, ec, "it must hold certificates of authorities, in PEM");
  // Sent to clients, so that those with several certificates choose the right one.
  if (auto* const names = SSL_load_client_CA_file(file.c_str()))
    SSL_CTX_set_client_CA_list(into.native_handle(), names);
  into.set_verify_mode(asio::ssl::verify_peer | asio::ssl::verify_fail_if_no_peer_cert);
  return {};
}

constexpr const char* ciphers_of_1_2 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384:"
    "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";

}  // namespace

result<void> check_tls_client_ca(const std::string& ca_file) {
  context scratch(context::tls_server);
  return load_client_ca(scratch, ca_file);
}

result<void> check_tls_certificate(const std::string& cert_file) {
  context scratch(context::tls_server);
  return load_certificate(scratch, cert_file);
}

result<void> check_tls_key(const tls_files& files) {
  context scratch(context::tls_server);
  if (auto loaded = load_certificate(scratch, files.cert_file); !loaded) return loaded;
  return load_key(scratch, files.key_file);
}

result<std::shared_ptr<context>> load_tls_context(const tls_files& files) {
  if (files.cert_file.empty() && files.key_file.empty()) return std::shared_ptr<context>();
  auto out = std::make_shared<context>(context::tls_server);
  out->set_options(context::default_workarounds);
  auto* const tls = out->native_handle();
  SSL_CTX_set_min_proto_version(
      tls, files.least == tls_version::tls13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  if (SSL_CTX_set_cipher_list(tls, ciphers_of_1_2) != 1)
    return error{errc::internal, "this OpenSSL has none of the ciphers that Starling speaks"};
  SSL_CTX_set_options(tls, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // Sessions are resumed by tickets, which cost this side nothing to keep.
  SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
  static constexpr unsigned char context_name[] = "starling";
  SSL_CTX_set_session_id_context(tls, context_name, sizeof context_name - 1);
  // Idle sessions by the ten thousand: OpenSSL's 2 x 16 KiB of buffers are worth giving back.
  SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
  if (const auto loaded = load_certificate(*out, files.cert_file); !loaded) return loaded.error();
  if (const auto loaded = load_key(*out, files.key_file); !loaded) return loaded.error();
  if (!files.client_ca_file.empty())
    if (const auto loaded = load_client_ca(*out, files.client_ca_file); !loaded)
      return loaded.error();
  return out;
}

}  // namespace starling::net
