#include "net/io/peer_stream.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace starling::net {

bool peer_stream::gone() noexcept {
  auto& at = socket();
  if (!at.is_open()) return true;
  char byte;
  const auto got = ::recv(at.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

void peer_stream::close() noexcept {
  boost::system::error_code ignored;  // a close that fails has closed all the same
  socket().close(ignored);
}

}  // namespace starling::net
