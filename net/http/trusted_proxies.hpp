/// Which peers may say for whom they speak, and what they say.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/base/result.hpp"

namespace starling::net {

using ip_address = boost::asio::ip::address;
using ip_endpoint = boost::asio::ip::tcp::endpoint;

/// listen.trusted_proxies: networks such as `10.0.0.0/8`, `2001:db8::/32` or `192.0.2.1`. An IPv4
/// address in its IPv6 form (`::ffff:192.0.2.1`) is the IPv4 address. Immutable; any thread.
class trusted_proxies {
 public:
  trusted_proxies() = default;
  /// Entries that check_entry refuses match nothing; check them when configuration is read.
  explicit trusted_proxies(const std::vector<std::string>& networks);

  /// Errors: errc::malformed says what is wrong with an entry and what would be right.
  static result<void> check_entry(std::string_view entry);

  bool empty() const noexcept { return networks_.empty(); }
  bool contains(const ip_address& address) const noexcept;

 private:
  struct network {
    bool v6 = false;
    unsigned bits = 0;
    boost::asio::ip::address_v6::bytes_type first{};
  };
  static std::optional<network> parse(std::string_view entry);

  std::vector<network> networks_;
};

// Of headers that a trusted proxy sent; repeated ones joined by commas. The client is the rightmost
// address that is no trusted proxy's, or the leftmost when all are. nullopt when the header cannot
// be read that far. The port is 0 where none is told.

/// X-Forwarded-For: `203.0.113.7, [2001:db8::1]:4711`.
std::optional<ip_endpoint> forwarded_for(std::string_view header, const trusted_proxies& trusted);
/// Forwarded (RFC 7239): `for=203.0.113.7;proto=https, for="[2001:db8::1]:4711"`.
std::optional<ip_endpoint> forwarded(std::string_view header, const trusted_proxies& trusted);

/// `203.0.113.7`, `203.0.113.7:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`. A port
/// such as `_p1` hides the real one.
std::optional<ip_endpoint> parse_forwarded_address(std::string_view text);

}  // namespace starling::net
