/// Whether connections to the public listener begin with a PROXY header.
#pragma once

#include <cstdint>

namespace starling::net {

enum class proxy_protocol : std::uint8_t {
  off,
  accept,   ///< those of trusted proxies may; from others it is refused
  require,  ///< all must, and come from trusted proxies
};

}  // namespace starling::net
