/// The socket types of this server. The concrete executor keeps an idle socket at 324 bytes.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>

namespace starling::net {

using tcp_socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

/// Bytes that were written and that the peer's kernel has not acknowledged, also after the
/// connection broke. 0 where the kernel does not tell.
std::size_t unacknowledged_bytes(tcp_socket& socket) noexcept;

}  // namespace starling::net
