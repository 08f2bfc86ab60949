#include "tests/support/nats_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <nats/nats.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>

namespace starling::test {

namespace {

constexpr auto start_patience = std::chrono::seconds(10);
constexpr auto poll_interval = std::chrono::milliseconds(10);

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

std::string local_url(std::uint16_t port) {
  return std::string("nats://127.0.0.1:").append(std::to_string(port));
}

/// A port of 127.0.0.1 and the socket that keeps it: bound, not listening. nats-server
/// (SO_REUSEADDR) can still have it; the kernel gives it to nobody else, also while the server is
/// dead.
std::pair<std::uint16_t, int> reserve_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int yes = 1;
  auto address = loopback(0);
  socklen_t size = sizeof address;
  const bool bound = ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                     ::bind(fd, reinterpret_cast<sockaddr*>(&address), size) == 0 &&
                     ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0;
  if (!bound) throw std::runtime_error("nats_server: no free port on 127.0.0.1");
  return {ntohs(address.sin_port), fd};
}

[[noreturn]] void run_server(char* const* argv) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no server behind
  ::execvp("nats-server", argv);
  ::execv("/usr/sbin/nats-server", argv);  // Debian puts it outside a user's PATH
  ::_exit(127);
}

}  // namespace

nats_server::nats_server(bool started) {
  std::tie(port_, reservation_) = reserve_port();
  std::string name = (std::filesystem::temp_directory_path() / "starling-nats-XXXXXX").string();
  if (!::mkdtemp(name.data())) throw std::runtime_error("nats_server: no temporary folder");
  folder_ = name;
  if (started) restart();
}

nats_server::nats_server(const std::string& name, std::uint16_t route, const std::string& routes)
    : nats_server(false) {
  cluster_arguments_ = {"-n",   name,       "--cluster", local_url(route), "--cluster_name",
                        "test", "--routes", routes};
}

nats_server::~nats_server() {
  kill();
  ::close(reservation_);
  std::error_code ignored;  // a file left in the temporary folder fails no test
  std::filesystem::remove_all(folder_, ignored);
}

std::string nats_server::url() const { return local_url(port_); }

void nats_server::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

void nats_server::launch() {
  kill();
  std::vector<std::string> arguments{"nats-server", "-js", "-a",
                                     "127.0.0.1",   "-p",  std::to_string(port_)};
  arguments.insert(arguments.end(),
                   {"-sd", (folder_ / "data").string(), "-l", (folder_ / "log").string()});
  arguments.insert(arguments.end(), cluster_arguments_.begin(), cluster_arguments_.end());
  std::vector<char*> argv;
  for (auto& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ == 0) run_server(argv.data());
}

void nats_server::restart() {
  launch();
  wait_until_ready();
}

void nats_server::wait_until_ready() {
  const auto give_up = std::chrono::steady_clock::now() + start_patience;
  while (!answers()) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
      pid_ = -1;
      throw std::runtime_error("nats_server: nats-server ended at once; is it installed?");
    }
    if (std::chrono::steady_clock::now() > give_up)
      throw std::runtime_error("nats_server: nats-server does not answer on port " +
                               std::to_string(port_));
    std::this_thread::sleep_for(poll_interval);
  }
}

void nats_server::wipe() { std::filesystem::remove_all(folder_ / "data"); }

void delete_stream(const nats_server& server, const std::string& stream) {
  natsConnection* connection = nullptr;
  jsCtx* js = nullptr;
  auto status = natsConnection_ConnectTo(&connection, server.url().c_str());
  if (status == NATS_OK) status = natsConnection_JetStream(&js, connection, nullptr);
  if (status == NATS_OK) status = js_DeleteStream(js, stream.c_str(), nullptr, nullptr);
  jsCtx_Destroy(js);
  natsConnection_Destroy(connection);
  if (status != NATS_OK)
    throw std::runtime_error("stream '" + stream + "' not deleted: " + natsStatus_GetText(status));
}

bool nats_server::answers() const {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const auto address = loopback(port_);
  char info[5] = {};
  // The server speaks first: "INFO {...}".
  const bool ready =
      ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
      ::recv(fd, info, sizeof info, MSG_WAITALL) == sizeof info &&
      std::string_view(info, 4) == "INFO";
  ::close(fd);
  return ready;
}

}  // namespace starling::test
