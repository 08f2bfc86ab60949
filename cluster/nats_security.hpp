/// How a node shows NATS who it is, and how it knows that it speaks with NATS.
#pragma once

#include <string>

namespace starling::cluster {

/// Empty: not used. What a server's URL says of user and password counts for that server instead.
struct nats_security {
  /// PEM files. Any of the three, or a URL with `tls://`: no server is spoken to without TLS.
  std::string tls_ca;    ///< who signs the servers' certificates; empty: whom the system trusts
  std::string tls_cert;  ///< of this node, with the certificates in between
  std::string tls_key;
  std::string user;
  std::string password;
  std::string creds_file;  ///< a user's JWT and its key, as `nsc` writes them
};

}  // namespace starling::cluster
