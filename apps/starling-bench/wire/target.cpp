#include "apps/starling-bench/wire/target.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace starling::bench {

target parse_target(const std::string& url) {
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    throw std::invalid_argument("--target " + url +
                                ": TLS is not spoken here; give the http:// listener behind it");
  }
  for (const std::string_view scheme : {"http://", "nats://"}) {
    if (rest.starts_with(scheme)) rest.remove_prefix(scheme.size());
  }
  rest = rest.substr(0, rest.find('/'));
  const auto colon = rest.rfind(':');
  const bool has_port = colon != std::string_view::npos && rest.find(']', colon) == rest.npos;
  std::string host(rest.substr(0, has_port ? colon : rest.npos));
  const std::string port(has_port ? rest.substr(colon + 1) : std::string_view("80"));
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || port.empty()) {
    throw std::invalid_argument("--target " + url + ": expected http://HOST:PORT");
  }
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int error = getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0) {
    throw std::invalid_argument("--target " + url + ": " + gai_strerror(error));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, &freeaddrinfo);
  target result;
  result.host_port = std::string(rest);
  std::memcpy(&result.address, found->ai_addr, found->ai_addrlen);
  result.address_size = found->ai_addrlen;
  return result;
}

in_addr parse_source(const std::string& text) {
  in_addr address{};
  if (inet_pton(AF_INET, text.c_str(), &address) != 1) {
    throw std::invalid_argument("--source-addr " + text + ": expected an IPv4 address, 127.0.0.2");
  }
  return address;
}

bool dialer::knows(const std::string& host_port) const {
  return std::any_of(targets_.begin(), targets_.end(),
                     [&](const target& each) { return each.host_port == host_port; });
}

int dialer::connect(std::size_t index, int receive_bytes) {
  const auto& to = at(index);
  const int fd =
      ::socket(to.address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return -1;
  const int one = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (receive_bytes > 0) {
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
  }
  bool failed = false;
  if (!sources_.empty() && to.address.ss_family == AF_INET) {
    // The port is chosen at connect, so one source address serves every (target, port) pair.
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    sockaddr_in from{};
    from.sin_family = AF_INET;
    from.sin_addr = sources_[next_source_++ % sources_.size()];
    failed = bind(fd, reinterpret_cast<const sockaddr*>(&from), sizeof from) != 0;
  }
  failed = failed ||
           (::connect(fd, reinterpret_cast<const sockaddr*>(&to.address), to.address_size) != 0 &&
            errno != EINPROGRESS);
  if (!failed) return fd;
  const int error = errno;
  ::close(fd);
  errno = error;
  return -1;
}

std::string explain_connect_error(int error) {
  std::string text = "connect: ";
  text += std::strerror(error);
  if (error == EADDRNOTAVAIL) text += " (out of local ports: add --source-addr 127.0.0.2, ...)";
  if (error == EMFILE) text += " (raise ulimit -n)";
  return text;
}

}  // namespace starling::bench
