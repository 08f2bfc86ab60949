/// The PROXY protocol (haproxy.org, proxy-protocol.txt), versions 1 and 2: who a connection is for,
/// told before its first byte.
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <optional>
#include <string_view>

namespace starling::net {

struct proxy_header {
  enum class state : std::uint8_t {
    none,        ///< the connection does not begin with one
    incomplete,  ///< all bytes so far are of one
    bad,
    complete,
  };
  state found = state::none;
  std::size_t size = 0;  ///< complete: bytes of the header
  /// complete: whom the proxy speaks for; none where it speaks for itself (a health check) or does
  /// not know.
  std::optional<boost::asio::ip::tcp::endpoint> source = std::nullopt;
  const char* complaint = "";  ///< bad: what is wrong, for people
};

/// Longer headers are bad: room for the TLVs of a client certificate, which nobody here reads.
inline constexpr std::size_t max_proxy_header = 16 + 4096;

/// bytes: what a connection begins with. Any bytes are safe to pass. Pure.
proxy_header read_proxy_header(std::string_view bytes);

}  // namespace starling::net
