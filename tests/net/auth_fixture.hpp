/// Key pairs, files and hand-made tokens for the tests of net/auth.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include <doctest/doctest.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

#include "net/auth/signature.hpp"
#include "net/base/base64.hpp"

namespace starling::net::test {

/// Seconds since the epoch, of all tokens.
inline constexpr std::int64_t now = 1'700'000'000;

inline bool mentions(const std::string& text, std::string_view part) {
  return text.find(part) != text.npos;
}

/// A directory that is removed with the object.
class temp_dir {
 public:
  temp_dir() {
    std::string pattern = (std::filesystem::temp_directory_path() / "starling-XXXXXX").string();
    REQUIRE(mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  temp_dir(const temp_dir&) = delete;
  temp_dir& operator=(const temp_dir&) = delete;
  ~temp_dir() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  /// Writes a file and returns its path.
  std::string file(const std::string& name, std::string_view text) const {
    const auto path = path_ / name;
    std::ofstream(path, std::ios::binary) << text;
    return path.string();
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct key_pair {
  pkey_ptr key;
  std::string private_pem;
  std::string public_pem;
};

inline std::string drained(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  return {data, static_cast<std::size_t>(size)};
}

inline key_pair from_key(EVP_PKEY* raw) {
  REQUIRE(raw != nullptr);
  key_pair out{pkey_ptr(raw, &EVP_PKEY_free), {}, {}};
  const std::unique_ptr<BIO, decltype(&BIO_free)> priv(BIO_new(BIO_s_mem()), &BIO_free);
  const std::unique_ptr<BIO, decltype(&BIO_free)> pub(BIO_new(BIO_s_mem()), &BIO_free);
  REQUIRE(PEM_write_bio_PrivateKey(priv.get(), raw, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  REQUIRE(PEM_write_bio_PUBKEY(pub.get(), raw) == 1);
  out.private_pem = drained(priv.get());
  out.public_pem = drained(pub.get());
  return out;
}

inline key_pair make_ed25519() { return from_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519")); }
inline key_pair make_rsa(std::size_t bits = 2048) {
  return from_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "RSA", bits));
}
inline key_pair make_ec(const char* curve = "P-256") {
  return from_key(EVP_PKEY_Q_keygen(nullptr, nullptr, "EC", curve));
}

/// Key material as a JWK wants it.
inline std::string number(const key_pair& pair, const char* name) {
  BIGNUM* n = nullptr;
  REQUIRE(EVP_PKEY_get_bn_param(pair.key.get(), name, &n) == 1);
  std::string out(static_cast<std::size_t>(BN_num_bytes(n)), '\0');
  BN_bn2bin(n, reinterpret_cast<unsigned char*>(out.data()));
  BN_free(n);
  return out;
}
inline std::string rsa_jwk(const key_pair& pair, const std::string& more) {
  return R"({"kty":"RSA","n":")" + base64url_encode(number(pair, OSSL_PKEY_PARAM_RSA_N)) +
         R"(","e":")" + base64url_encode(number(pair, OSSL_PKEY_PARAM_RSA_E)) + '"' + more + '}';
}
inline std::string ec_jwk(const key_pair& pair, const std::string& more) {
  const auto padded = [](std::string n) { return std::string(32 - n.size(), '\0') + n; };
  return R"({"kty":"EC","crv":"P-256","x":")" +
         base64url_encode(padded(number(pair, OSSL_PKEY_PARAM_EC_PUB_X))) + R"(","y":")" +
         base64url_encode(padded(number(pair, OSSL_PKEY_PARAM_EC_PUB_Y))) + '"' + more + '}';
}
inline std::string ed25519_jwk(const key_pair& pair, const std::string& more) {
  std::string x(32, '\0');
  std::size_t size = x.size();
  REQUIRE(EVP_PKEY_get_raw_public_key(pair.key.get(), reinterpret_cast<unsigned char*>(x.data()),
                                      &size) == 1);
  return R"({"kty":"OKP","crv":"Ed25519","x":")" + base64url_encode(x) + '"' + more + '}';
}

/// Signs anything, also what `sign_hs256` would refuse to.
inline std::string raw_hs256(std::string_view header, std::string_view claims,
                             std::string_view secret) {
  const auto input = base64url_encode(header) + '.' + base64url_encode(claims);
  return input + '.' + base64url_encode(*sign_hmac(secret, input));
}

}  // namespace starling::net::test
