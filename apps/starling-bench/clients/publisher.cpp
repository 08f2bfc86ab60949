#include "apps/starling-bench/clients/publisher.hpp"

#include "apps/starling-bench/clients/publisher_pool.hpp"
#include "apps/starling-bench/wire/http_head.hpp"
#include "apps/starling-bench/wire/target.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace starling::bench {

namespace {

constexpr std::string_view nats_greeting =
    "CONNECT {\"verbose\":false,\"pedantic\":false,\"name\":\"starling-bench\"}\r\nPING\r\n";

}  // namespace

void publisher::open() {
  fd_ = pool_.dial(index_);
  if (fd_ < 0) return fail(explain_connect_error(errno));
  pool_.loop().add(fd_, EPOLLOUT, *this);
}

void publisher::close() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
  connected_ = ready_ = blocked_ = false;
  in_.clear();
  out_.clear();
}

void publisher::fail(std::string_view reason) {
  close();
  auto unanswered = std::move(posts_);
  posts_.clear();
  pool_.on_closed(*this, unanswered, reason);
}

void publisher::on_ready(std::uint32_t events) {
  if (fd_ < 0) return;
  if (!connected_) return finish_connect();
  if (events & EPOLLOUT) flush();
  if (fd_ >= 0 && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) receive();
}

void publisher::finish_connect() {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) return fail(explain_connect_error(error));
  connected_ = true;
  pool_.loop().modify(fd_, EPOLLIN, *this);
  if (pool_.over() == carrier::nats) return write(nats_greeting);
  ready_ = true;
  pool_.on_free(*this);
}

void publisher::send(std::string_view request, const post& sent) {
  posts_.push_back(sent);
  write(request);
}

void publisher::write(std::string_view bytes) {
  const bool was_waiting = !out_.empty();
  out_.append(bytes);
  if (!was_waiting) flush();
}

void publisher::flush() {
  const auto sent = ::send(fd_, out_.data(), out_.size(), MSG_NOSIGNAL);
  if (sent < 0 && errno != EAGAIN) return fail(std::strerror(errno));
  if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
  if (blocked_ == out_.empty()) {
    blocked_ = !out_.empty();
    pool_.loop().modify(fd_, blocked_ ? EPOLLIN | EPOLLOUT : EPOLLIN, *this);
  }
}

void publisher::receive() {
  auto& buffer = pool_.buffer();
  const auto count = ::recv(fd_, buffer.data(), buffer.size(), 0);
  if (count < 0) {
    if (errno == EAGAIN || errno == EINTR) return;
    return fail(std::strerror(errno));
  }
  if (count == 0) return fail("publisher connection closed by the server");
  in_.append(buffer.data(), static_cast<std::size_t>(count));
  const bool nats = pool_.over() == carrier::nats;
  while (fd_ >= 0 && (nats ? take_line() : take_answer())) {
  }
}

/// Over NATS: handles one line of the server.
bool publisher::take_line() {
  const auto end = in_.find("\r\n");
  if (end == std::string::npos) return false;
  const auto line = in_.substr(0, end);
  in_.erase(0, end + 2);
  if (line == "PING") {
    write("PONG\r\n");
  } else if (line.starts_with("-ERR")) {
    fail(line);
  } else if (line == "PONG" && !ready_) {
    ready_ = true;
    pool_.on_free(*this);
  } else if (line == "PONG") {
    answered(200, {});
  }
  return true;
}

void publisher::answered(int status, std::string_view body) {
  const auto done = posts_.front();
  posts_.pop_front();
  pool_.on_answer(*this, done, status, body);
}

/// Handles one whole answer at the front of what was received.
bool publisher::take_answer() {
  const auto end = in_.find("\r\n\r\n");
  if (end == std::string::npos) return false;
  const auto head = parse_head(std::string_view(in_).substr(0, end + 4));
  if (head.status == 0 || !head.has_length || posts_.empty()) {
    fail(head.status == 0   ? "answer is not HTTP"
         : !head.has_length ? "answer without Content-Length"
                            : "answer without a request");
    return false;
  }
  const auto size = end + 4 + head.content_length;
  if (in_.size() < size) return false;
  answered(head.status, std::string_view(in_).substr(end + 4, size - end - 4));
  in_.erase(0, size);
  return true;
}

}  // namespace starling::bench
