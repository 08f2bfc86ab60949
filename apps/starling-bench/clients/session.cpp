#include "apps/starling-bench/clients/session.hpp"

#include "apps/starling-bench/clients/session_pool.hpp"
#include "apps/starling-bench/wire/http_head.hpp"
#include "apps/starling-bench/wire/target.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace starling::bench {

void session::open() {
  opened_ns_ = now_ns();
  head_done_ = false;
  head_.clear();
  chunks_ = {};
  events_ = {};
  frames_ = {};
  fd_ = pool_.dial(index_);
  if (fd_ < 0) return fail(explain_connect_error(errno));
  state_ = session_state::connecting;
  pool_.loop().add(fd_, EPOLLOUT, *this);
}

void session::close() {
  if (fd_ < 0) return;
  if (!events_.last_id().empty()) cursor_ = events_.last_id();
  if (events_.retry_ms()) retry_ms_ = static_cast<double>(*events_.retry_ms());
  ::close(fd_);  // takes it out of the loop as well
  fd_ = -1;
  state_ = session_state::closed;
}

void session::fail(std::string_view reason) {
  const auto was = state_;
  close();
  pool_.on_closed(*this, was, reason);
}

void session::pause() { pool_.loop().modify(fd_, 0, *this); }
void session::resume() { pool_.loop().modify(fd_, EPOLLIN, *this); }

void session::on_ready(std::uint32_t events) {
  if (fd_ < 0) return;
  if (state_ == session_state::connecting) return send_request();
  // A paused session is still told about a hang-up; it must not read before resume().
  if (events & EPOLLIN) return receive();
  if (events & (EPOLLHUP | EPOLLERR)) fail("connection reset");
}

void session::send_request() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(explain_connect_error(error));
  const auto request = pool_.request_for(index_, cursor_);
  // A fresh socket takes a few kilobytes whole.
  if (::send(fd_, request.data(), request.size(), MSG_NOSIGNAL) !=
      static_cast<ssize_t>(request.size())) {
    return fail("request not sent");
  }
  state_ = session_state::greeting;
  pool_.loop().modify(fd_, EPOLLIN, *this);
}

void session::receive() {
  auto& buffer = pool_.buffer();
  for (;;) {
    const auto count = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (count < 0) {
      if (errno == EAGAIN || errno == EINTR) return;
      return fail(std::strerror(errno));
    }
    if (count == 0) return fail("closed by the server");
    pool_.set_now(now_ns());
    const auto size = static_cast<std::size_t>(count);
    if (!take({buffer.data(), size})) return fail("malformed stream");
    // Full: there may be more, and asking again is cheaper than another turn of the loop.
    if (fd_ < 0 || size < buffer.size()) return;
  }
}

bool session::take(std::string_view bytes) {
  if (!head_done_ && !take_head(bytes)) return true;
  if (pool_.websocket()) return take_frames(bytes);
  if (!chunks(pool_.speaks())) {
    take_events(bytes);
    return true;
  }
  return chunks_.feed(bytes, [this](std::string_view body) { take_events(body); });
}

void session::take_events(std::string_view bytes) {
  events_.feed(bytes, [this](const net::sse_event& event) {
    if (const auto found = find_stamp(event.data)) return on_stamp(*found);
    on_event(event.name, event.data);
  });
}

/// Cuts the response head off `bytes`; false when it is not complete or the session is over.
bool session::take_head(std::string_view& bytes) {
  const auto had = head_.size();
  head_.append(bytes);
  const auto end = head_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  bytes.remove_prefix(end + 4 - had);
  head_.resize(end + 4);
  const auto head = parse_head(head_);
  head_ = {};
  const int wanted = pool_.websocket() ? 101 : 200;
  if (head.status != wanted) {
    fail("HTTP " + std::to_string(head.status));
    return false;
  }
  if (!pool_.websocket() && !head.chunked && chunks(pool_.speaks())) {
    fail("answer is not chunked");
    return false;
  }
  head_done_ = true;
  if (!greets(pool_.speaks())) go_live({});
  return true;
}

bool session::take_frames(std::string_view bytes) {
  return frames_.feed(bytes, [this](ws_opcode opcode, std::string_view payload) {
    if (opcode == ws_opcode::ping) return answer_ping(payload);
    if (opcode != ws_opcode::text) return;
    if (pool_.keeps_cursors()) remember_cursor(payload);
    if (const auto found = find_stamp(payload)) return on_stamp(*found);
    on_event(find_text(payload, "type"), payload);
  });
}

void session::remember_cursor(std::string_view frame) {
  auto id = find_text(frame, "id");
  if (id.empty()) id = find_text(frame, "position");  // of `connected`
  if (!id.empty()) cursor_ = id;
}

void session::answer_ping(std::string_view payload) {
  // Masked with zeros, as a client must mask and may choose the key.
  std::string frame = "\x8a";
  frame += static_cast<char>(0x80 | (payload.size() & 0x7f));
  frame.append(4, '\0').append(payload);
  if (fd_ >= 0) ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
}

void session::on_stamp(const stamp& found) { pool_.on_stamp(index_, found); }

void session::go_live(std::string_view greeting) {
  state_ = session_state::live;
  pool_.on_live(*this, greeting);
}

void session::on_event(std::string_view name, std::string_view data) {
  if (name == "connected" && state_ == session_state::greeting) {
    go_live(data);
  } else if (name == "goodbye") {
    pool_.on_goodbye(index_, find_text(data, "code"));
  }
}

}  // namespace starling::bench
