/// Which request goes where: a pure table of methods and path patterns.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/base/result.hpp"
#include "net/http/route.hpp"

namespace starling::net {

struct route_match {
  bool publishes() const noexcept { return of_path && of_path->publishes; }
  /// How errors are written there.
  bool plain_errors() const noexcept { return of_path && of_path->errors == error_style::plain; }

  const route* found = nullptr;  ///< lives as long as the router
  /// `found`, or where the method is another the path's first row; null: 404.
  const route* of_path = nullptr;
  /// Path exists, method does not: what to say in `Allow`. Empty: 404.
  std::string allow;
  std::string name;               ///< first path parameter, percent-decoded
  std::string member;             ///< the last, where there are several
  std::optional<error> bad_name;  ///< a parameter is not what the row says it must be
};

/// Immutable after construction; any thread. HEAD is answered where GET is. Paths of the admin
/// listener do not exist on the public one.
class router {
 public:
  explicit router(std::vector<route> rows);

  /// path: as in the request target, without the query, still percent-encoded. A parameter takes
  /// one segment, so a `/` inside a name is sent as `%2F`.
  route_match match(http_method method, std::string_view path, bool admin_listener) const;

 private:
  struct pattern {
    std::vector<std::string> segments;  // `{...}`: a parameter
    const route* to;
  };

  std::vector<route> rows_;
  std::unordered_map<std::string, std::vector<const route*>> exact_;
  std::vector<pattern> patterns_;
};

}  // namespace starling::net
