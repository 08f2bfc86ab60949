#include "net/io/socket.hpp"

#include <linux/sockios.h>
#include <sys/ioctl.h>

namespace starling::net {

std::size_t unacknowledged_bytes(tcp_socket& socket) noexcept {
  int bytes = 0;
  return ::ioctl(socket.native_handle(), SIOCOUTQ, &bytes) == 0 ? static_cast<std::size_t>(bytes)
                                                                : 0;
}

}  // namespace starling::net
