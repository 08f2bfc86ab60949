/// A self-signed certificate for 127.0.0.1.
#pragma once

#include <string>

#include <doctest/doctest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/net/auth_fixture.hpp"

namespace starling::net::test {

struct certificate_files {
  std::string cert_file;
  std::string key_file;
};

inline certificate_files make_certificate(const temp_dir& into) {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  X509* const cert = X509_new();
  X509_set_version(cert, 2);
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), -60);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_NAME* const name = X509_get_subject_name(cert);
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("127.0.0.1"), -1, -1, 0);
  X509_set_issuer_name(cert, name);
  X509_EXTENSION* const alt =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(cert, alt, -1);
  X509_set_pubkey(cert, key);
  REQUIRE(X509_sign(cert, key, EVP_sha256()) > 0);

  BIO* const cert_text = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(cert_text, cert);
  BIO* const key_text = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(key_text, key, nullptr, nullptr, 0, nullptr, nullptr);
  certificate_files out{into.file("cert.pem", drained(cert_text)),
                        into.file("key.pem", drained(key_text))};
  BIO_free(cert_text);
  BIO_free(key_text);
  X509_EXTENSION_free(alt);
  X509_free(cert);
  EVP_PKEY_free(key);
  return out;
}

}  // namespace starling::net::test
