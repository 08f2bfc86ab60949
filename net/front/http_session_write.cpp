// The answering half of http_session.
#include <algorithm>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

#include "net/base/log.hpp"
#include "net/front/http_session.hpp"

namespace starling::net {

namespace asio = boost::asio;

void http_session::answer(const error& why) {
  const bool plain = exchange_.route.plain_errors();
  answer(why.code == errc::unavailable ? retry_response(why, std::chrono::seconds(1), plain)
                                       : error_response(why, plain));
}

void http_session::answer(http_response response) {
  if (phase_ != phase::waiting) return;
  const auto& request = exchange_.request;
  if (exchange_.ids.empty()) exchange_.ids.set(std::nullopt, std::nullopt);
  log_answer(response.status);
  if (response.status >= 400) {
    front_->loop.metrics()
        .http_errors[static_cast<std::size_t>(errc_of_status(response.status))]
        .add();
    front_->refusals.request(exchange_, response.status, steady_clock::now());
  }
  last_ = last_ || !request.keep_alive || front_->stopping;
  if (exchange_.admin_listener && request.path().starts_with("/admin/"))
    append_page_guards(response.headers, "default-src 'none'; frame-ancestors 'none'");
  head_.clear();
  append_head(head_, response, exchange_.cors, exchange_.ids, request.http11, !last_);
  out_ = std::move(response);
  unwritten_ = {head_, request.method == http_method::head ? std::string_view{} : out_.content()};
  write();
}

void http_session::log_answer(int status) const {
  if (log::current_level() > log::level::debug) return;
  log::debug("request answered",
             {{"status", status},
              {"path", exchange_.route.found ? exchange_.route.found->path : ""},
              {"remote", exchange_.remote.address().to_string()},
              {"request_id", exchange_.ids.request_id},
              {"trace_id", exchange_.ids.trace_id()}});
}

void http_session::answer_head(std::string head) {
  if (phase_ != phase::waiting) return;
  last_ = last_ || !exchange_.request.keep_alive || front_->stopping;
  head_ = std::move(head);
  unwritten_ = {head_, {}};
  write();
}

void http_session::answer_last(std::string bytes) {
  if (phase_ != phase::waiting) return;
  last_ = drain_ = true;
  head_ = std::move(bytes);
  unwritten_ = {head_, {}};
  write();
}

void http_session::write() {
  phase_ = phase::writing;
  const std::array<asio::const_buffer, 2> rest{
      asio::buffer(unwritten_[0].data(), unwritten_[0].size()),
      asio::buffer(unwritten_[1].data(), unwritten_[1].size())};
  if (!stream_.is_tls()) {
    boost::system::error_code ec;
    const auto bytes = stream_.socket().write_some(rest, ec);
    if (ec && ec != asio::error::would_block) return close();
    if (!ec && bytes == unwritten_[0].size() + unwritten_[1].size()) return finish_answer();
    if (!ec) return on_written(bytes);
  }
  arm(write_deadline);
  stream_.async_write_some(
      rest, [self = shared_from_this()](const boost::system::error_code& ec, std::size_t bytes) {
        if (self->phase_ != phase::writing) return;
        if (ec) return self->close();
        self->on_written(bytes);
      });
}

void http_session::on_written(std::size_t bytes) {
  for (auto& part : unwritten_) {
    const auto taken = std::min(bytes, part.size());
    part.remove_prefix(taken);
    bytes -= taken;
  }
  if (unwritten_[0].empty() && unwritten_[1].empty()) return finish_answer();
  write();
}

void http_session::finish_answer() {
  out_.body = {};
  if (last_) return end();
  phase_ = phase::idle;
  arm(front_->shared->options.keep_alive_timeout);
  run();
}

/// Ends the connection so that the peer can still read the answer.
void http_session::end() {
  boost::system::error_code ec;
  if (stream_.is_tls()) {
    if (reading_) return close();  // a TLS engine does one thing at a time in this direction
    phase_ = phase::lingering;
    arm(linger_time);
    stream_.tls().async_shutdown(
        [self = shared_from_this()](const boost::system::error_code&) { self->close(); });
    return;
  }
  if (!drain_) return close();
  stream_.socket().shutdown(tcp_socket::shutdown_send, ec);
  if (ec) return close();
  phase_ = phase::lingering;
  arm(linger_time);
  begin_ = end_ = 0;
  if (!reading_) read();
}

answer_ticket::~answer_ticket() {
  if (!session_) return;
  const auto answer_500 = [session = session_] {
    session->answer(error{errc::internal, "this node lost the answer; ask again"});
  };
  auto& loop = session_->front().loop;
  if (loop.on_thread())
    answer_500();
  else
    boost::asio::post(loop.context(), answer_500);
}

}  // namespace starling::net
