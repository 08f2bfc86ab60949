/// One HTTP connection: reads requests one after the other, answers in order, ends or becomes a
/// stream.
#pragma once

#include <array>
#include <boost/asio/ip/tcp.hpp>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/front/http_front.hpp"
#include "net/http/http_request.hpp"
#include "net/http/http_response.hpp"
#include "net/http/request_parser.hpp"
#include "net/io/peer_stream.hpp"

namespace starling::net {

/// A request and what was found out about it before its handler runs.
struct http_exchange {
  http_request request;
  route_match route;
  identity_ptr caller;  ///< set when the route needs a token
  cors_decision cors;
  request_ids ids;
  bool admin_listener = false;
  /// The client, whoever speaks for it; port 0 where that is not known.
  boost::asio::ip::tcp::endpoint remote;
  bool crowded = false;  ///< its address has more than limits.connections_per_address
};

/// Life: (PROXY header ->) (TLS handshake ->) idle -> receiving -> waiting (for its handler) ->
/// writing -> idle ... -> done. Kept alive by its pending operation or by whoever owes it an
/// answer. Loop thread only.
///
/// Deadlines: a request must be complete `request_deadline` after its first byte (408), a write
/// must make progress every `write_deadline`, an idle connection lives `keep_alive_timeout`; before
/// its first request `request_deadline`.
class http_session : public std::enable_shared_from_this<http_session>, private wheel_timer {
 public:
  static constexpr std::chrono::seconds write_deadline{10};
  static constexpr std::chrono::seconds linger_time{2};

  /// slot: what counts the connection for its address, kept as long as it lives; may be none.
  /// crowded: its first request is refused.
  http_session(std::shared_ptr<loop_front> front, peer_stream stream,
               boost::asio::ip::tcp::endpoint remote, bool admin_listener,
               std::shared_ptr<const void> slot, bool crowded);
  ~http_session();

  void start();
  /// The server stops: closes when idle, else after the running request.
  void on_stop();

  http_exchange& exchange() noexcept { return exchange_; }
  loop_front& front() noexcept { return *front_; }
  /// For what outlives the connection's HTTP part.
  std::shared_ptr<loop_front> shared_front() noexcept { return front_; }

  // One of these for each request, now or later; the next request is parsed after that.
  void answer(http_response response);
  /// In the error style of the route.
  void answer(const error& why);
  /// An answer to HEAD that is all there.
  void answer_head(std::string head);
  /// A whole answer, head and all; the connection ends after it.
  void answer_last(std::string bytes);
  /// A stream takes the connection over; nullopt when the peer has already left.
  std::optional<peer_stream> release();
  /// To be kept by the stream that takes the connection over.
  const std::shared_ptr<const void>& slot() const noexcept { return slot_; }
  /// Bytes that came after the request.
  std::string_view unread_input() const noexcept { return {in_.data() + begin_, end_ - begin_}; }

 private:
  enum class phase : std::uint8_t {
    proxy_header,
    handshake,
    idle,
    receiving,
    waiting,
    writing,
    lingering,
    done
  };

  void on_timer() override;
  void look_for_proxy_header();
  void on_proxy_bytes();
  void refuse_proxy_header(const error& why);
  void begin_http();
  void find_client();
  void count_client();
  void shake_hands();
  void end_handshake();
  void give_up_handshake();
  void arm(std::chrono::seconds after);
  void read();
  bool read_arrived();
  void read_some();
  void on_read(const boost::system::error_code& ec, std::size_t bytes);
  void run();
  bool step();
  void go_on_later();
  void begin_request();
  bool make_room();
  bool on_header();
  void answer_refused();
  void await_more();
  void send_continue();
  void refuse(const error& why);
  void log_answer(int status) const;
  void write();
  void on_written(std::size_t bytes);
  void finish_answer();
  void end();
  void close();

  const std::shared_ptr<loop_front> front_;
  peer_stream stream_;
  std::shared_ptr<const void> slot_;
  boost::asio::ip::address slot_address_;         // whom slot_ counts for
  boost::asio::ip::tcp::endpoint from_;           // the peer, or whom its PROXY header named
  std::list<http_session*>::iterator handshake_;  // while that is under way
  http_exchange exchange_;
  std::optional<request_parser> parser_;
  std::optional<http_response> refused_;  // to be sent once the body has been read past
  std::vector<char> in_;                  // empty until the peer has said something
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::string head_;
  http_response out_;
  std::array<std::string_view, 2> unwritten_;
  int in_a_row_ = 0;  // requests begun since the last read
  phase phase_ = phase::idle;
  bool running_ = false;  // run() is on the stack
  bool reading_ = false;  // a read is pending
  bool header_seen_ = false;
  bool deadline_set_ = false;
  bool last_ = false;   // the connection ends after this answer
  bool drain_ = false;  // input may be left unread: linger, or a reset eats the answer
};

/// Owed to one request: answers 500 when it is destroyed without an answer.
class answer_ticket {
 public:
  explicit answer_ticket(std::shared_ptr<http_session> session) : session_(std::move(session)) {}
  ~answer_ticket();
  answer_ticket(const answer_ticket&) = delete;
  answer_ticket& operator=(const answer_ticket&) = delete;

  /// The first answer counts.
  template <class Answer>
  void answer(Answer&& reply) {
    if (const auto session = settle()) session->answer(std::forward<Answer>(reply));
  }
  /// Whoever calls this answers; nullptr when that was done before.
  std::shared_ptr<http_session> settle() noexcept { return std::exchange(session_, nullptr); }

 private:
  std::shared_ptr<http_session> session_;
};

}  // namespace starling::net
