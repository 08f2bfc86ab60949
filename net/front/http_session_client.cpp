// Whom a connection and its requests are for.
#include <sys/socket.h>

#include <cerrno>

#include "net/front/http_session.hpp"
#include "net/io/proxy_header.hpp"

namespace starling::net {

/// Not a byte beyond the header is taken from the socket: what follows may be TLS.
void http_session::look_for_proxy_header() {
  phase_ = phase::proxy_header;
  stream_.socket().async_wait(tcp_socket::wait_read,
                              [self = shared_from_this()](const boost::system::error_code& failed) {
                                if (self->phase_ != phase::proxy_header) return;
                                if (failed) return self->close();
                                self->on_proxy_bytes();
                              });
}

void http_session::on_proxy_bytes() {
  const int fd = stream_.socket().native_handle();
  in_.resize(max_proxy_header);
  const auto seen = ::recv(fd, in_.data() + end_, in_.size() - end_, MSG_PEEK | MSG_DONTWAIT);
  if (seen < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
    return look_for_proxy_header();
  if (seen <= 0) return close();
  const auto all = end_ + static_cast<std::size_t>(seen);
  const auto header = read_proxy_header({in_.data(), all});
  using state = proxy_header::state;
  const auto wanted = header.found == state::complete     ? header.size - end_
                      : header.found == state::incomplete ? all - end_
                                                          : 0;
  if (wanted > 0 &&
      ::recv(fd, in_.data() + end_, wanted, MSG_DONTWAIT) != static_cast<ssize_t>(wanted))
    return close();
  const bool trusted = front_->settings->proxies.contains(from_.address());
  switch (header.found) {
    case state::incomplete: end_ = all; return look_for_proxy_header();
    case state::bad:
      return refuse_proxy_header(
          {errc::malformed, std::string("not a valid PROXY header: ") + header.complaint});
    case state::none:
      if (front_->shared->options.proxied == proxy_protocol::require)
        return refuse_proxy_header(
            {errc::forbidden, "connections to this listener begin with a PROXY header"});
      // What it began like one with is the beginning of its request.
      if (end_ == 0) std::vector<char>().swap(in_);
      return begin_http();
    case state::complete: break;
  }
  if (!trusted)
    return refuse_proxy_header({errc::forbidden,
                                "a PROXY header counts from the networks of "
                                "listen.trusted_proxies only"});
  if (header.source) from_ = *header.source;
  exchange_.remote = from_;
  end_ = 0;
  std::vector<char>().swap(in_);
  begin_http();
}

/// Said in plain HTTP, which whoever forgot the header, or sent it here by mistake, may speak.
void http_session::refuse_proxy_header(const error& why) {
  if (!stream_.is_tls()) return refuse(why);
  exchange_.ids.set(std::nullopt, std::nullopt);
  front_->refusals.request(exchange_, info(why.code).http_status, steady_clock::now());
  close();
}

void http_session::find_client() {
  const auto& proxies = front_->settings->proxies;
  const auto& request = exchange_.request;
  exchange_.remote = from_;
  if (!proxies.contains(from_.address())) {
    exchange_.ids.set(std::nullopt, std::nullopt);
    return count_client();
  }
  exchange_.ids.set(request.get(header::request_id), request.get(header::traceparent));
  if (const auto list = request.get(header::forwarded_for)) {
    if (const auto client = forwarded_for(*list, proxies)) exchange_.remote = *client;
  } else if (const auto elements = request.get(header::forwarded)) {
    if (const auto client = forwarded(*elements, proxies)) exchange_.remote = *client;
  }
  count_client();
}

/// The connection counts for the client of its latest request.
void http_session::count_client() {
  const auto most = front_->settings->connections_per_address;
  const auto address = exchange_.remote.address();
  if (exchange_.admin_listener || most == 0 || (slot_ && slot_address_ == address)) return;
  auto taken = front_->shared->addresses.take(address);
  slot_ = std::move(taken.held);
  slot_address_ = address;
  exchange_.crowded = taken.place > most;
}

}  // namespace starling::net
