#include "net/front/http_session.hpp"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "net/base/limits.hpp"
#include "net/front/http_handlers.hpp"

namespace starling::net {

namespace asio = boost::asio;

namespace {
constexpr std::size_t small_buffer = 4 * 1024;
constexpr std::size_t body_buffer = 64 * 1024;
// A refused request with a body up to this size is read past, and its connection goes on.
constexpr std::uint64_t skipped_body = 64 * 1024;
// So many requests that came together are answered before other connections get their turn.
constexpr int most_in_a_row = 4;
constexpr std::string_view continue_line = "HTTP/1.1 100 Continue\r\n\r\n";
}  // namespace

http_session::http_session(std::shared_ptr<loop_front> front, peer_stream stream,
                           asio::ip::tcp::endpoint remote, bool admin_listener,
                           std::shared_ptr<const void> slot, bool crowded)
    : front_(std::move(front)),
      stream_(std::move(stream)),
      slot_(std::move(slot)),
      slot_address_(remote.address()),
      from_(std::move(remote)) {
  exchange_.crowded = crowded;
  exchange_.admin_listener = admin_listener;
  exchange_.remote = from_;
  front_->sessions.insert(this);
}

http_session::~http_session() {
  if (phase_ == phase::handshake) end_handshake();
  front_->sessions.erase(this);
}

void http_session::start() {
  boost::system::error_code ec;
  stream_.socket().non_blocking(true, ec);
  if (ec) return close();
  arm(front_->shared->options.request_deadline);
  const bool proxied = front_->shared->options.proxied != proxy_protocol::off;
  proxied && !exchange_.admin_listener ? look_for_proxy_header() : begin_http();
}

void http_session::begin_http() {
  phase_ = phase::idle;
  if (stream_.is_tls()) return shake_hands();
  if (end_ > 0) return run();
  // Under load the request is there before its connection is accepted.
  if (!read_arrived()) read();
}

void http_session::shake_hands() {
  auto& under_way = front_->handshakes;
  if (under_way.size() >= front_->shared->options.max_handshakes)
    under_way.front()->give_up_handshake();
  handshake_ = under_way.insert(under_way.end(), this);
  phase_ = phase::handshake;
  stream_.tls().async_handshake(
      asio::ssl::stream_base::server,
      [self = shared_from_this()](const boost::system::error_code& failed) {
        if (self->phase_ != phase::handshake) return;
        if (failed) return self->close();
        self->end_handshake();
        self->phase_ = phase::idle;
        self->read();
      });
}

void http_session::end_handshake() { front_->handshakes.erase(handshake_); }

/// Those who mean it take milliseconds: the oldest is the one that does not.
void http_session::give_up_handshake() {
  limit_counts::add(limit_kind::tls_handshakes);
  close();
}

void http_session::on_stop() {
  if (phase_ == phase::idle || phase_ == phase::handshake || phase_ == phase::proxy_header) close();
}

void http_session::arm(std::chrono::seconds after) {
  front_->loop.timers().arm(*this, steady_clock::now() + after);
}

void http_session::on_timer() {
  switch (phase_) {
    case phase::receiving: return refuse({errc::timeout, "the request did not arrive in time"});
    case phase::waiting:
    case phase::done: return;
    default: return close();
  }
}

void http_session::read() {
  reading_ = true;
  if (!in_.empty()) return read_some();
  if (stream_.is_tls()) {
    in_.resize(small_buffer);
    return read_some();
  }
  // Thousands may connect and say nothing: there is a buffer for who has spoken.
  stream_.socket().async_wait(tcp_socket::wait_read,
                              [self = shared_from_this()](const boost::system::error_code& failed) {
                                if (failed) return self->on_read(failed, 0);
                                if (!self->read_arrived()) self->read();
                              });
}

/// Without waiting; false when there is nothing yet.
bool http_session::read_arrived() {
  in_.resize(small_buffer);
  boost::system::error_code ec;
  const auto bytes = stream_.socket().read_some(asio::buffer(in_.data(), in_.size()), ec);
  if (ec == asio::error::would_block) {
    std::vector<char>().swap(in_);
    return false;
  }
  on_read(ec, bytes);
  return true;
}

void http_session::read_some() {
  stream_.async_read_some(
      asio::buffer(in_.data() + end_, in_.size() - end_),
      [self = shared_from_this()](const boost::system::error_code& ec, std::size_t bytes) {
        self->on_read(ec, bytes);
      });
}

void http_session::on_read(const boost::system::error_code& ec, std::size_t bytes) {
  reading_ = false;
  switch (phase_) {
    case phase::idle:
    case phase::receiving:
      if (ec) return close();
      end_ += bytes;
      in_a_row_ = 0;
      return run();
    case phase::lingering: return ec ? close() : read();
    default:  // the answer to a request that came too late is on its way
      return;
  }
}

void http_session::run() {
  if (running_) return;
  running_ = true;
  try {
    while (step()) {
    }
  } catch (...) {
    running_ = false;
    close();
    throw;
  }
  running_ = false;
}

/// One step of parsing; false when something has to be waited for.
bool http_session::step() {
  if (phase_ == phase::idle) {
    if (begin_ == end_) {
      begin_ = end_ = 0;
      if (!reading_) {
        std::vector<char>().swap(in_);
        read();
      }
      return false;
    }
    if (in_a_row_++ == most_in_a_row) {
      go_on_later();
      return false;
    }
    begin_request();
  }
  if (phase_ != phase::receiving) return false;
  const auto used = parser_->feed(unread_input());
  if (!used) {
    refuse(used.error());
    return true;
  }
  begin_ += *used;
  if (!header_seen_ && parser_->is_header_done() && !on_header()) return true;
  if (parser_->is_done()) {
    phase_ = phase::waiting;
    front_->loop.timers().cancel(*this);
    if (refused_)
      answer_refused();
    else
      exchange_.route.found->run(shared_from_this());
    return true;
  }
  if (*used > 0 && begin_ != end_) return true;
  await_more();
  return false;
}

void http_session::go_on_later() {
  asio::post(front_->loop.context(), [self = shared_from_this()] {
    if (self->phase_ != phase::idle) return;
    self->in_a_row_ = 0;
    self->run();
  });
}

void http_session::begin_request() {
  const auto& options = front_->shared->options;
  phase_ = phase::receiving;
  header_seen_ = deadline_set_ = last_ = drain_ = false;
  refused_.reset();
  exchange_.route = {};
  exchange_.caller = nullptr;
  exchange_.cors = {};
  exchange_.ids.clear();
  parser_.emplace(exchange_.request, options.max_header_bytes, options.max_body_bytes);
}

/// Decides by the header alone; false when it has been answered.
bool http_session::on_header() {
  header_seen_ = true;
  find_client();
  refused_ = admit(exchange_, *front_);
  last_ = exchange_.crowded;
  if (!refused_ && !parser_->is_done()) {
    const auto row = exchange_.route.found->max_body;
    const auto most = row == largest_body ? front_->shared->options.max_body_bytes : row;
    if (parser_->content_length().value_or(0) > most) {
      limit_counts::add(limit_kind::request_body);
      refuse({errc::too_large, most == 0 ? "this path takes no body"
                                         : "the request body is larger than the " +
                                               std::to_string(most) + " bytes this path takes"});
      return false;
    }
    parser_->body_limit(most);
  }
  if (!refused_ || parser_->is_done()) return true;
  const auto length = parser_->content_length();
  if (length && *length <= skipped_body && !exchange_.request.expects_continue) return true;
  phase_ = phase::waiting;
  last_ = drain_ = true;
  answer_refused();
  return false;
}

void http_session::answer_refused() {
  if (refused_->status >= 400 && exchange_.route.publishes())
    front_->loop.metrics().publish_refused(errc_of_status(refused_->status));
  answer(*std::exchange(refused_, std::nullopt));
}

void http_session::await_more() {
  if (!make_room())
    return refuse({errc::malformed, "not a valid HTTP/1.1 request: a chunk header has no end"});
  if (!deadline_set_) {
    deadline_set_ = true;
    arm(front_->shared->options.request_deadline);
  }
  auto& request = exchange_.request;
  if (header_seen_ && request.http11 && std::exchange(request.expects_continue, false))
    return send_continue();
  if (!reading_) read();
}

bool http_session::make_room() {
  if (begin_ > 0) {
    std::copy(in_.begin() + static_cast<std::ptrdiff_t>(begin_),
              in_.begin() + static_cast<std::ptrdiff_t>(end_), in_.begin());
    end_ -= begin_;
    begin_ = 0;
  }
  if (header_seen_ && parser_->content_length().value_or(0) > in_.size() &&
      in_.size() < body_buffer)
    in_.resize(body_buffer);
  if (end_ < in_.size()) return true;
  const auto most = std::max(body_buffer, 2 * front_->shared->options.max_header_bytes);
  if (in_.size() >= most) return false;
  in_.resize(in_.size() * 2);
  return true;
}

void http_session::send_continue() {
  if (stream_.is_tls()) {
    asio::async_write(
        stream_.tls(), asio::buffer(continue_line),
        [self = shared_from_this()](const boost::system::error_code& ec, std::size_t) {
          if (self->phase_ != phase::receiving) return;
          if (ec) return self->close();
          self->read();
        });
    return;
  }
  boost::system::error_code ec;
  const auto sent = stream_.socket().write_some(asio::buffer(continue_line), ec);
  // The first bytes in this direction: a kernel that has no room for 25 of them is broken.
  if (ec || sent != continue_line.size()) return close();
  if (!reading_) read();
}

void http_session::refuse(const error& why) {
  // The fault may be in the header: what came before it tells who asked, and what.
  if (parser_ && !header_seen_) locate(exchange_, *front_);
  if (exchange_.route.publishes()) front_->loop.metrics().publish_refused(why.code);
  phase_ = phase::waiting;
  last_ = drain_ = true;
  answer(why);
}

void http_session::close() {
  if (phase_ == phase::handshake) end_handshake();
  phase_ = phase::done;
  front_->loop.timers().cancel(*this);
  stream_.close();
}

std::optional<peer_stream> http_session::release() {
  if (phase_ != phase::waiting) return std::nullopt;
  if (stream_.gone()) {
    close();
    return std::nullopt;
  }
  phase_ = phase::done;
  return std::move(stream_);
}

}  // namespace starling::net
