/// How a request for a stream is answered: the stream, a goodbye, or an error.
#pragma once

#include <memory>
#include <string>

#include "net/front/http_session.hpp"
#include "net/service.hpp"

namespace starling::net {

/// Destroyed without an answer, it answers 500. Loop thread only.
class stream_answer : public stream_responder {
 public:
  /// The session's current request, parsed into `request`.
  stream_answer(std::shared_ptr<http_session> session, const stream_request& request);

  std::unique_ptr<transport> accept(const connected& hello, transport_observer& observer) override;
  void refuse(const goodbye& why) override;
  void fail(const error& why) override;

 protected:
  /// Head of a 200 answer that streams events. hello: null when there will be none (a refusal; the
  /// connection then ends with the answer).
  virtual std::string sse_head_of(const http_exchange& x, const connected* hello) const;

 private:
  std::unique_ptr<transport> accept_sse(http_session& session, const connected& hello,
                                        transport_observer& observer);
  std::unique_ptr<transport> accept_ws(http_session& session, const std::string& client_id,
                                       transport_observer& observer);

  cursor position_after_refusal(const cursor& here) const;

  answer_ticket owed_;
  const wire_format format_;
  const bool heartbeat_event_;
  const bool since_last_;
  std::string position_;  ///< where the client stands; empty: nowhere
};

/// Head of a native event stream. client_id: empty for HEAD and refusals. ends: the connection goes
/// with the answer.
std::string sse_head(const http_exchange& x, std::string_view client_id, bool ends = false);
/// The lines that end every such head.
void end_sse_head(std::string& head, const http_exchange& x, std::string_view client_id, bool ends);

}  // namespace starling::net
