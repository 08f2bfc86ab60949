/// Which web origins may talk to this node from a browser.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/result.hpp"

namespace starling::net {

/// What to answer one request with. When `allowed` is false the request is answered 403.
struct cors_decision {
  bool allowed = true;
  std::string allow_origin;  ///< value of Access-Control-Allow-Origin; empty: no such header
  bool credentials = false;  ///< send Access-Control-Allow-Credentials: true
  bool vary = false;         ///< send Vary: Origin; the answer differs by origin
  /// A cookie speaks for the page that asks: there is none (neither Origin nor, from a browser that
  /// says so, another site), it is this node's own, or its origin is listed. What only `*` or
  /// `null` lets in could be any page the user looks at.
  bool cookie = true;
};

/// Immutable after construction; any thread.
///
/// Entries: an exact origin (`https://app.example.com`, `http://localhost:3000`), a pattern whose
/// host holds `*` (`https://*.example.com`: each `*` stands for one or more host characters, dots
/// included; scheme and port are exact), or `*`: every other origin, without credentials, because
/// browsers refuse `*` together with credentials. Scheme and host ignore case.
class cors_policy {
 public:
  /// No entries: only requests without origin or of this node's own pages.
  /// Entries that `check_entry` refuses match nothing; check them when configuration is read.
  explicit cors_policy(const std::vector<std::string>& origins = {});

  /// Errors: errc::malformed says what is wrong with a configured origin and what would be right.
  static result<void> check_entry(std::string_view entry);

  /// origin: the Origin header as received; none: not a cross-origin browser request, allowed.
  /// host: the Host header; an origin with the same host and port is a page of this node, allowed.
  /// listed_only: `*` does not count, as on the admin listener, whose answers no other page reads.
  /// fetch_site: the Sec-Fetch-Site header. Browsers send no Origin with an image, a frame or a
  /// link, and the user's cookies all the same; this header then tells whose page it was.
  cors_decision check(std::optional<std::string_view> origin, std::string_view host = {},
                      bool listed_only = false,
                      std::optional<std::string_view> fetch_site = std::nullopt) const;

 private:
  std::vector<std::string> exact_;     // normalised
  std::vector<std::string> patterns_;  // normalised
  bool any_ = false;
};

}  // namespace starling::net
