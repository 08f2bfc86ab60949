/// A real nats-server with JetStream for one test: free port on 127.0.0.1, data in a fresh folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace starling::test {

class nats_server {
 public:
  /// `started` false: takes a port and a folder, but leaves the server off until restart().
  explicit nats_server(bool started = true);
  /// One of a cluster: listens for the others on `route`, a port of another nats_server that is
  /// never started, and finds them on `routes`. Off until restart().
  nats_server(const std::string& name, std::uint16_t route, const std::string& routes);
  /// Kills the server and removes its data.
  ~nats_server();
  nats_server(const nats_server&) = delete;
  nats_server& operator=(const nats_server&) = delete;

  std::string url() const;
  std::uint16_t port() const noexcept { return port_; }

  /// SIGKILL, as a crash would do; returns when the process is gone.
  void kill();
  /// Starts (again) on the same port and data, and waits until it takes clients. Throws
  /// std::runtime_error when it does not within 10 s.
  void restart();
  /// The two halves of restart(), for servers that start together.
  void launch();
  void wait_until_ready();
  /// Removes the data of a server that is off: the next start is a new store.
  void wipe();

 private:
  bool answers() const;

  std::filesystem::path folder_;
  std::uint16_t port_ = 0;
  int reservation_ = -1;
  pid_t pid_ = -1;
  std::vector<std::string> cluster_arguments_;
};

/// Deletes a stream as an operator would. Throws std::runtime_error when the server does not.
void delete_stream(const nats_server& server, const std::string& stream);

}  // namespace starling::test
