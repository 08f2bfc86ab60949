/// Accepts the connections of one address on one loop.
#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "net/io/io_loop.hpp"
#include "net/io/placement.hpp"
#include "net/io/socket.hpp"

namespace starling::net {

using tcp_endpoint = boost::asio::ip::tcp::endpoint;
using tcp_acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                                        boost::asio::io_context::executor_type>;

/// `HOST:PORT` (IPv6 in brackets, host may be `*` or empty: every address) to what to bind.
/// Throws std::runtime_error naming the address and the reason.
tcp_endpoint resolve_listen_address(const std::string& address);
/// Throws std::runtime_error naming the address when it is none of this machine. The port is not
/// looked at.
void check_own_address(const tcp_endpoint& at);
/// As clients write it, IPv6 in brackets.
std::string to_text(const tcp_endpoint& at);

/// One acceptor per loop on the same address (SO_REUSEPORT): the kernel spreads connections. Port
/// 0: the first picks one, the others follow. A port that another process listens on is an error,
/// although SO_REUSEPORT would share it,
/// unless it is free again within 2 s (blocks so long).
/// Throws std::runtime_error naming the address and the reason.
std::vector<tcp_acceptor> bind_acceptors(const std::vector<io_loop*>& loops,
                                         const std::string& address);

/// Accepts what comes to one loop, and gives it to the loop that shall have it. Loop thread only,
/// but for construction.
class listener : public std::enable_shared_from_this<listener>, private wheel_timer {
 public:
  /// Called on the thread of `loops[index]`, to whose context the socket belongs.
  using on_accept =
      std::function<void(std::size_t index, tcp_socket socket, const tcp_endpoint& remote)>;

  /// `index`: of the loop among `loops`, which outlive this.
  listener(std::vector<io_loop*> loops, std::size_t index, tcp_acceptor acceptor,
           std::shared_ptr<placement> places, on_accept taker);

  void start();
  void stop();

 private:
  void on_timer() override;
  void wait();
  void accept_some();
  boost::system::error_code accept_for(std::size_t index);
  void back_off(const boost::system::error_code& why);

  const std::vector<io_loop*> loops_;
  const std::size_t index_;
  io_loop& loop_;
  tcp_acceptor acceptor_;
  const std::shared_ptr<placement> placement_;
  const std::shared_ptr<const on_accept> taker_;
  steady_time complained_{};
};

}  // namespace starling::net
