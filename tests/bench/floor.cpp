/// The floor: how fast one thread of epoll can deliver when it does nothing else.
///
/// Speaks just enough of Starling's HTTP surface for `starling-bench` to drive it: `GET /events`
/// (SSE, chunked) and `POST /api/publish` (one object or an array). No checks, no rights, no
/// history, so what a real node costs on top of this is the price of what it promises.
///
///   floor [write|coalesce] [--port N]
///
/// write: one send() per delivery. coalesce: what one pass of the loop queued for a room goes to
/// each member in a single send(). Prints `floor ready mode=<m> public=127.0.0.1:<port>`.
#include "tests/bench/floor_json.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using starling::floor_server::publication;

struct room;

struct connection {
  int fd = -1;
  bool streaming = false;
  std::string in;       // a request that has not fully arrived
  std::string backlog;  // what the socket would not take yet
  std::vector<room*> rooms;
};

struct room {
  std::vector<connection*> members;
  std::string pending;  // frames of this pass, already chunked
};

class floor_loop {
 public:
  floor_loop(bool coalesce, int listener)
      : coalesce_(coalesce), listener_(listener), epoll_(epoll_create1(0)), buffer_(256 * 1024) {
    watch(EPOLL_CTL_ADD, listener_, EPOLLIN, nullptr);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 512> ready{};
    for (;;) {
      const int count = epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()), -1);
      for (int i = 0; i < count; ++i) serve(ready[i]);
      flush_rooms();
      closed_.clear();
    }
  }

 private:
  void watch(int operation, int fd, std::uint32_t events, connection* peer) {
    epoll_event event{events, {.ptr = peer}};
    epoll_ctl(epoll_, operation, fd, &event);
  }

  void serve(const epoll_event& event) {
    auto* peer = static_cast<connection*>(event.data.ptr);
    if (!peer) return accept_all();
    if (peer->fd < 0) return;
    if (event.events & EPOLLOUT) drain(*peer);
    if (peer->fd >= 0 && (event.events & (EPOLLIN | EPOLLHUP | EPOLLERR))) receive(*peer);
  }

  void accept_all() {
    // Bounded, so that a flood of connects cannot starve the streams.
    for (int i = 0; i < 64; ++i) {
      const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK);
      if (fd < 0) return;
      const int one = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
      if (connections_.size() <= static_cast<std::size_t>(fd)) connections_.resize(fd + 1);
      auto& slot = connections_[fd];
      slot = std::make_unique<connection>();
      slot->fd = fd;
      watch(EPOLL_CTL_ADD, fd, EPOLLIN, slot.get());
    }
  }

  void close_peer(connection& peer) {
    for (auto* joined : peer.rooms) std::erase(joined->members, &peer);
    ::close(peer.fd);
    const int fd = std::exchange(peer.fd, -1);
    closed_.push_back(std::move(connections_[fd]));  // this pass may still hold its pointer
  }

  void receive(connection& peer) {
    const auto count = recv(peer.fd, buffer_.data(), buffer_.size(), 0);
    if (count <= 0) {
      if (count == 0 || (errno != EAGAIN && errno != EINTR)) close_peer(peer);
      return;
    }
    std::string_view bytes(buffer_.data(), static_cast<std::size_t>(count));
    if (!peer.in.empty()) {
      peer.in.append(bytes);
      bytes = peer.in;
    }
    answers_.clear();
    std::size_t used = 0;
    while (const auto length = request_length(bytes.substr(used))) {
      handle(peer, bytes.substr(used, length));
      used += length;
    }
    peer.in = std::string(bytes.substr(used));
    if (!answers_.empty()) send_or_queue(peer, answers_);
  }

  /// Bytes of the first whole request, 0 when it has not arrived.
  static std::size_t request_length(std::string_view bytes) {
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string_view::npos) return 0;
    std::size_t body = 0;
    if (bytes.front() == 'P') {
      constexpr std::string_view field = "\r\nContent-Length: ";
      if (const auto at = bytes.find(field); at < end) {
        const char* digits = bytes.data() + at + field.size();
        std::from_chars(digits, bytes.data() + end, body);
      }
    }
    return end + 4 + body <= bytes.size() ? end + 4 + body : 0;
  }

  void handle(connection& peer, std::string_view request) {
    if (request.starts_with("GET /events")) return open_stream(peer, request);
    if (request.starts_with("POST /api/publish ")) {
      return publish(request.substr(request.find("\r\n\r\n") + 4));
    }
    answers_ += "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";
  }

  void open_stream(connection& peer, std::string_view request) {
    peer.streaming = true;
    const auto line = request.substr(0, request.find("\r\n"));
    if (const auto at = line.find("rooms="); at != std::string_view::npos) {
      auto names = line.substr(at + 6);
      names = names.substr(0, names.find_first_of(" &"));
      while (!names.empty()) {
        const auto comma = std::min(names.find(','), names.size());
        join(peer, std::string(names.substr(0, comma)));
        names.remove_prefix(std::min(comma + 1, names.size()));
      }
    }
    if (const auto user = starling::floor_server::bearer_subject(request); !user.empty()) {
      join(peer, "\x01" + user);
    }
    answers_ +=
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
        "Transfer-Encoding: chunked\r\n\r\n";
    append_chunk(answers_, "event: connected\nid: 0.0\ndata: {\"resumed\":false}\n\n");
  }

  void join(connection& peer, const std::string& name) {
    auto& joined = rooms_[name];
    joined.members.push_back(&peer);
    peer.rooms.push_back(&joined);
  }

  static void append_chunk(std::string& out, std::string_view body) {
    std::array<char, 16> size{};
    const auto end = std::to_chars(size.data(), size.data() + size.size(), body.size(), 16).ptr;
    out.append(size.data(), end);
    out.append("\r\n").append(body).append("\r\n");
  }

  void publish(std::string_view body) {
    std::string receipts;
    const bool batch = starling::floor_server::each_publication(body, [&](const publication& item) {
      const auto id = std::to_string(++position_);
      if (!receipts.empty()) receipts += ',';
      receipts.append("{\"id\":\"").append(id).append("\",\"position\":\"0.").append(id) += "\"}";
      deliver(item, id);
    });
    if (batch) receipts = '[' + receipts + ']';
    answers_ += "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
                std::to_string(receipts.size()) + "\r\n\r\n" + receipts;
  }

  void deliver(const publication& item, std::string_view id) {
    key_.assign(item.to_user ? "\x01" : "").append(item.target);
    const auto found = rooms_.find(key_);
    if (found == rooms_.end()) return;
    frame_.assign("event: ").append(item.event).append("\nid: 0.").append(id);
    frame_.append("\ndata: ").append(item.data).append("\n\n");
    auto& target = found->second;
    if (coalesce_) {
      if (target.pending.empty()) dirty_.push_back(&target);
      return append_chunk(target.pending, frame_);
    }
    chunk_.clear();
    append_chunk(chunk_, frame_);
    for (auto* member : target.members) send_or_queue(*member, chunk_);
  }

  void flush_rooms() {
    for (auto* target : dirty_) {
      for (auto* member : target->members) send_or_queue(*member, target->pending);
      target->pending.clear();
    }
    dirty_.clear();
  }

  void send_or_queue(connection& peer, std::string_view bytes) {
    if (peer.backlog.empty()) {
      const auto sent = send(peer.fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent == static_cast<ssize_t>(bytes.size())) return;
      if (sent > 0) bytes.remove_prefix(static_cast<std::size_t>(sent));
      // A broken socket reports itself as readable in the next pass, which closes it.
      if (sent < 0 && errno != EAGAIN) return;
      watch(EPOLL_CTL_MOD, peer.fd, EPOLLIN | EPOLLOUT, &peer);
    }
    peer.backlog.append(bytes);
  }

  void drain(connection& peer) {
    const auto sent = send(peer.fd, peer.backlog.data(), peer.backlog.size(), MSG_NOSIGNAL);
    if (sent > 0) peer.backlog.erase(0, static_cast<std::size_t>(sent));
    if (peer.backlog.empty()) watch(EPOLL_CTL_MOD, peer.fd, EPOLLIN, &peer);
  }

  bool coalesce_;
  int listener_;
  int epoll_;
  std::vector<char> buffer_;
  std::vector<std::unique_ptr<connection>> connections_;  // by descriptor
  std::vector<std::unique_ptr<connection>> closed_;
  std::unordered_map<std::string, room> rooms_;
  std::vector<room*> dirty_;
  std::string answers_, frame_, chunk_, key_;
  std::uint64_t position_ = 0;
};

int listen_on(std::uint16_t& port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  const int one = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) return -1;
  if (listen(fd, 4096) != 0) return -1;
  socklen_t length = sizeof address;
  getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
  port = ntohs(address.sin_port);
  return fd;
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view mode = "coalesce";
  std::uint16_t port = 0;
  for (int i = 1; i < argc; ++i) {
    const std::string_view word = argv[i];
    if (word == "write" || word == "coalesce") {
      mode = word;
    } else if (word == "--port" && i + 1 < argc) {
      port = static_cast<std::uint16_t>(std::atoi(argv[++i]));
    } else {
      std::fprintf(stderr, "usage: floor [write|coalesce] [--port N]\n");
      return 2;
    }
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  const int listener = listen_on(port);
  if (listener < 0) {
    std::perror("floor: cannot listen on 127.0.0.1");
    return 1;
  }
  std::printf("floor ready mode=%.*s public=127.0.0.1:%u\n", static_cast<int>(mode.size()),
              mode.data(), port);
  std::fflush(stdout);
  floor_loop(mode == "coalesce", listener).run();
}
