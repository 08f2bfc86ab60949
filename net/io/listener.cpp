#include "net/io/listener.hpp"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <stdexcept>
#include <thread>
#include <utility>

#include "net/base/fault.hpp"
#include "net/base/log.hpp"

namespace starling::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

constexpr int backlog = 4096;
/// Others on this loop get their turn after so many connections.
constexpr int accepts_per_wakeup = 64;
/// Out of descriptors or memory: some connection must end first.
constexpr std::chrono::milliseconds back_off_time{200};
constexpr std::chrono::seconds complaint_interval{5};

/// Accepted connections inherit these from their listener (Linux), which saves a call for each. A
/// peer that vanished without a word is noticed: by unacknowledged bytes within 20 s, without any
/// traffic within 90 s. A kernel that refuses one of these only notices later.
void watch_peers(tcp_acceptor& of) {
  const auto set = [fd = of.native_handle()](int level, int option, int value) {
    ::setsockopt(fd, level, option, &value, sizeof value);
  };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 60);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
  set(IPPROTO_TCP, TCP_USER_TIMEOUT, 20'000);
  set(IPPROTO_TCP, TCP_NODELAY, 1);  // writes are gathered here already
}

using reuse_port = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

[[noreturn]] void fail(const std::string& address, const std::string& why) {
  throw std::runtime_error("cannot listen on " + address + ": " + why);
}

tcp_acceptor bind_one(asio::io_context& context, const tcp_endpoint& at, bool shared) {
  tcp_acceptor out(context);
  out.open(at.protocol());
  out.set_option(tcp::acceptor::reuse_address(true));
  if (shared) out.set_option(reuse_port(true));
  out.bind(at);
  return out;
}

}  // namespace

tcp_endpoint resolve_listen_address(const std::string& address) {
  const auto colon = address.rfind(':');
  if (colon == std::string::npos) fail(address, "it must be HOST:PORT");
  auto host = address.substr(0, colon);
  const auto port = address.substr(colon + 1);
  if (port.empty() || port.size() > 5 || port.find_first_not_of("0123456789") != port.npos ||
      std::stoi(port) > 65535)
    fail(address, "the port must be a number up to 65535");
  if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
  if (host.empty() || host == "*") host = "0.0.0.0";

  asio::io_context context;
  boost::system::error_code ec;
  const auto found = tcp::resolver(context).resolve(host, port, tcp::resolver::numeric_service, ec);
  if (ec || found.empty()) fail(address, "the host is unknown: " + ec.message());
  return found.begin()->endpoint();
}

void check_own_address(const tcp_endpoint& at) {
  asio::io_context context;
  try {
    bind_one(context, {at.address(), 0}, false);
  } catch (const boost::system::system_error& e) {
    fail(to_text(at), e.code().message());
  }
}

std::string to_text(const tcp_endpoint& at) {
  const auto host = at.address().to_string();
  return (at.address().is_v6() ? '[' + host + ']' : host) + ':' + std::to_string(at.port());
}

namespace {
/// A killed process's sockets may outlive it by a moment: its successor waits for the port.
constexpr std::chrono::seconds port_patience{2};

std::vector<tcp_acceptor> try_bind(const std::vector<io_loop*>& loops, tcp_endpoint at) {
  std::vector<tcp_acceptor> out;
  // Alone first: this fails when another process has the port.
  asio::io_context apart;
  if (at.port() != 0) bind_one(apart, at, false).listen(1);
  for (auto* loop : loops) {
    loop->call([&] { out.push_back(bind_one(loop->context(), at, true)); });
    at = out.back().local_endpoint();
  }
  for (auto& acceptor : out) {
    watch_peers(acceptor);
    acceptor.listen(backlog);
    acceptor.non_blocking(true);
  }
  return out;
}
}  // namespace

std::vector<tcp_acceptor> bind_acceptors(const std::vector<io_loop*>& loops,
                                         const std::string& address) {
  const auto at = resolve_listen_address(address);
  for (const auto end = steady_clock::now() + port_patience;;) {
    try {
      return try_bind(loops, at);
    } catch (const boost::system::system_error& e) {
      if (e.code() != asio::error::address_in_use || steady_clock::now() >= end)
        fail(address, e.code().message());
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

namespace {
/// Closes what nobody has taken.
class accepted_socket {
 public:
  explicit accepted_socket(int handle) noexcept : handle_(handle) {}
  accepted_socket(accepted_socket&& other) noexcept : handle_(std::exchange(other.handle_, -1)) {}
  ~accepted_socket() {
    if (handle_ >= 0) ::close(handle_);
  }
  int get() const noexcept { return handle_; }
  void release() noexcept { handle_ = -1; }

 private:
  int handle_;
};

/// What a connection's first request does may fail; those behind it are accepted all the same.
void begin(const listener::on_accept& taker, io_loop& loop, std::size_t index,
           accepted_socket accepted, const tcp_endpoint& remote) {
  tcp_socket socket(loop.context());
  boost::system::error_code gone;  // only a connection that is gone is refused here
  socket.assign(remote.protocol(), accepted.get(), gone);
  if (gone) return;
  accepted.release();
  try {
    taker(index, std::move(socket), remote);
  } catch (...) {
    log_caught("a handler", loop.index());
  }
}
}  // namespace

listener::listener(std::vector<io_loop*> loops, std::size_t index, tcp_acceptor acceptor,
                   std::shared_ptr<placement> places, on_accept taker)
    : loops_(std::move(loops)),
      index_(index),
      loop_(*loops_[index]),
      acceptor_(std::move(acceptor)),
      placement_(std::move(places)),
      taker_(std::make_shared<const on_accept>(std::move(taker))) {}

void listener::start() { wait(); }

void listener::stop() {
  loop_.timers().cancel(*this);
  boost::system::error_code ignored;  // closed all the same
  acceptor_.close(ignored);
}

void listener::wait() {
  if (!acceptor_.is_open()) return;
  acceptor_.async_wait(tcp::acceptor::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& ec) {
                         if (ec == asio::error::operation_aborted) return;
                         self->accept_some();
                       });
}

void listener::accept_some() {
  for (int i = 0; i < accepts_per_wakeup && acceptor_.is_open(); ++i) {
    const auto to = placement_->choose(index_);
    const auto ec = accept_for(to);
    if (ec == asio::error::would_block || ec == asio::error::try_again) break;
    // The peer gave up while it was queued.
    if (ec == asio::error::connection_aborted || ec == asio::error::interrupted) continue;
    if (ec) return back_off(ec);
    placement_->placed(to);
  }
  wait();
}

boost::system::error_code listener::accept_for(std::size_t index) {
  tcp_endpoint remote;
  auto size = static_cast<socklen_t>(remote.capacity());
  accepted_socket accepted(
      ::accept4(acceptor_.native_handle(), remote.data(), &size, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (accepted.get() < 0) return {errno, boost::system::system_category()};
  remote.resize(size);
  if (index == index_) {
    begin(*taker_, loop_, index, std::move(accepted), remote);
  } else {
    auto& loop = *loops_[index];
    asio::post(loop.context(),
               [&loop, taker = taker_, index, remote, accepted = std::move(accepted)]() mutable {
                 begin(*taker, loop, index, std::move(accepted), remote);
               });
  }
  return {};
}

void listener::back_off(const boost::system::error_code& why) {
  const auto now = steady_clock::now();
  if (now - complained_ > complaint_interval) {
    complained_ = now;
    log::warn("cannot accept connections; trying again",
              {{"loop", loop_.index()}, {"error", why.message()}});
  }
  loop_.timers().arm(*this, now + back_off_time);
}

void listener::on_timer() { wait(); }

}  // namespace starling::net
