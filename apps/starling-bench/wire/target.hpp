/// Where the cluster listens, and sockets to it.
#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace starling::bench {

struct target {
  std::string host_port;  // for the Host header
  sockaddr_storage address{};
  socklen_t address_size = 0;
};

/// Reads `http://host[:port]` (also with `nats://` or without a scheme) and resolves it once.
/// Throws std::invalid_argument saying what is wrong with it.
target parse_target(const std::string& url);

/// Reads a numeric IPv4 address to connect from. Throws std::invalid_argument.
in_addr parse_source(const std::string& text);

/// Opens connections, spread over targets and source addresses in turn.
class dialer {
 public:
  dialer(std::vector<target> targets, std::vector<in_addr> sources)
      : targets_(std::move(targets)), sources_(std::move(sources)) {}

  /// A non-blocking socket on its way to target `index` (taken modulo their number), or -1 with
  /// errno. Descriptors are the caller's. `receive_bytes`: kernel buffer, 0 for the usual one.
  int connect(std::size_t index, int receive_bytes = 0);
  bool knows(const std::string& host_port) const;
  const target& at(std::size_t index) const noexcept { return targets_[index % targets_.size()]; }

 private:
  std::vector<target> targets_;
  std::vector<in_addr> sources_;
  std::size_t next_source_ = 0;
};

/// What errno means for someone who runs a load test, with the way out where there is one.
std::string explain_connect_error(int error);

}  // namespace starling::bench
