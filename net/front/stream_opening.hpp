/// The last step before a stream: does its address connect too fast, or hold too many connections?
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "net/front/http_front.hpp"
#include "net/front/http_session.hpp"
#include "net/service.hpp"

namespace starling::net {

/// Where a stream was asked for; outlives the request.
struct stream_origin {
  boost::asio::ip::tcp::endpoint remote;
  bool crowded;  ///< its address has more connections than it may
  request_ids ids;
};
stream_origin origin_of(const http_exchange& x);

/// Opens the stream, or refuses it by limits.connect_rate or limits.connections_per_address.
void open_stream(loop_front& front, const stream_origin& origin, stream_request request,
                 std::unique_ptr<stream_responder> responder);

/// For HEAD: what keeps a stream of this tenant from being opened now. Nothing is opened, or taken
/// from limits.connect_rate. What only the user's other sessions tell is not known here.
std::optional<goodbye> cannot_open_stream(loop_front& front, const stream_origin& origin,
                                          const tenant_id& tenant);

/// HOST:PORT, or the host alone when the port is 0.
std::string remote_text(const boost::asio::ip::tcp::endpoint& remote);

}  // namespace starling::net
