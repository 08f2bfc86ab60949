#include "net/dialect/poll/poll_handler.hpp"

#include <boost/asio/post.hpp>

#include "net/base/log.hpp"
#include "net/dialect/poll/poll_request.hpp"
#include "net/dialect/poll/poll_sessions.hpp"
#include "net/dialect/poll/poll_transport.hpp"
#include "net/front/stream_opening.hpp"
#include "net/wire/codec.hpp"

namespace starling::net::poll {

namespace {

using sessions_ptr = std::shared_ptr<poll_sessions>;

void answer_poll(http_session& session, const std::string& client_id, std::string json) {
  http_response out;
  out.headers = "Cache-Control: no-store\r\nX-Client-ID: " + client_id + "\r\n";
  out.body = std::move(json);
  session.answer(std::move(out));
}

/// Answers from the session's loop, which may be another than the request's.
poll_reply reply_to(std::shared_ptr<answer_ticket> ticket, io_loop& loop, std::string client_id) {
  return [ticket = std::move(ticket), &loop, client_id = std::move(client_id)](std::string json) {
    auto answer = [ticket, client_id, json = std::move(json)]() mutable {
      if (const auto session = ticket->settle()) answer_poll(*session, client_id, std::move(json));
    };
    if (loop.on_thread())
      answer();
    else
      boost::asio::post(loop.context(), std::move(answer));
  };
}

void refuse_poll(http_session& session, const goodbye& why) {
  session.front().refusals.stream(session.exchange(), why.code, steady_clock::now());
  auto out = retry_response({why.status, why.reason}, why.retry, false);
  out.body.pop_back();  // beside the error, what a session would have said
  out.body +=
      ",\"goodbye\":" + to_json(why) + ",\"retry_ms\":" + std::to_string(why.retry.count()) + '}';
  session.answer(std::move(out));
}

/// What GET would say, without beginning a session or waiting for events. Of a session that the
/// client goes on with only the end is unknown.
void handle_head(http_session& session, const poll_request& request, const stream_origin& origin) {
  auto& front = session.front();
  if (!request.client)
    if (const auto no = cannot_open_stream(front, origin, request.stream.identity->tenant))
      return refuse_poll(session, *no);
  const auto allowed = front.shared->node.check(request.stream);
  if (!allowed) return session.answer(allowed.error());
  session.answer(http_response{.headers = "Cache-Control: no-store\r\n", .length_known = false});
}

/// Begins a session. It is no stream, so who cannot have one now is told by the status.
class poll_responder final : public stream_responder {
 public:
  poll_responder(std::shared_ptr<answer_ticket> owed, loop_front& front, sessions_ptr sessions,
                 const stream_request& request)
      : owed_(std::move(owed)),
        front_(front),
        sessions_(std::move(sessions)),
        identity_(request.identity),
        rooms_(request.rooms) {}

  std::unique_ptr<transport> accept(const connected& hello, transport_observer& observer) override {
    auto out = std::make_unique<poll_transport>(
        front_.loop, sessions_,
        poll_opening{hello.client_id, std::move(identity_), std::move(rooms_), hello.position},
        observer);
    out->begin(reply_to(std::move(owed_), front_.loop, hello.client_id.str()));
    return out;
  }

  void refuse(const goodbye& why) override {
    if (const auto session = owed_->settle()) refuse_poll(*session, why);
  }

  void fail(const error& why) override { owed_->answer(why); }

 private:
  std::shared_ptr<answer_ticket> owed_;
  loop_front& front_;
  sessions_ptr sessions_;
  identity_ptr identity_;
  std::vector<std::string> rooms_;
};

/// Gives the session the token of `fresh`, as POST /api/session/{client_id}/token does.
std::function<void()> renewal(std::shared_ptr<loop_front> front, identity_ptr fresh,
                              const session_id& id) {
  return [front = std::move(front), fresh = std::move(fresh), id] {
    auto& loop = front->loop;
    boost::asio::post(loop.context(), [front, fresh, id] {
      front->shared->node.renew_session(front->loop, fresh, id, [id](const result<void>& renewed) {
        if (!renewed)  // it may have ended meanwhile
          log::info("a token came too late for its session",
                    {{"client_id", id.str()}, {"why", renewed.error().message}});
      });
    });
  };
}

void begin(loop_front& front, const stream_origin& origin, const sessions_ptr& sessions,
           stream_request request, std::shared_ptr<answer_ticket> owed) {
  auto responder = std::make_unique<poll_responder>(std::move(owed), front, sessions, request);
  open_stream(front, origin, std::move(request), std::move(responder));
}

void handle_poll(std::shared_ptr<http_session> session, const sessions_ptr& sessions) {
  auto& front = session->front();
  const auto& x = session->exchange();
  const auto origin = origin_of(x);
  auto request = parse_poll_request(x, front.settings->limits.max_rooms, front.settings->formats);
  if (!request) return session->answer(request.error());
  if (x.request.method == http_method::head) return handle_head(*session, *request, origin);
  auto keep = session->shared_front();
  auto owed = std::make_shared<answer_ticket>(std::move(session));
  if (!request->client)
    return begin(front, origin, sessions, std::move(request->stream), std::move(owed));

  auto& loop = front.loop;
  const auto caller = request->stream.identity;
  poll_visit visit{*request->client, caller,
                   request->from,    request->stream.rooms,
                   request->timeout, renewal(keep, caller, *request->client)};
  auto otherwise = [keep, origin, sessions, owed, id = visit.id,
                    stream = std::make_shared<stream_request>(std::move(request->stream))] {
    // It may be on another node, where its end would wait for the grace and count against the
    // user's limit.
    keep->shared->node.leave_behind(keep->loop, stream->identity, id);
    begin(*keep, origin, sessions, std::move(*stream), owed);
  };
  sessions->go_on(std::move(visit), reply_to(owed, loop, request->client->str()),
                  [&loop, otherwise = std::move(otherwise)](const poll_reply&) {
                    if (loop.on_thread()) return otherwise();
                    boost::asio::post(loop.context(), otherwise);
                  });
}

}  // namespace

std::vector<route> routes(std::chrono::milliseconds grace) {
  auto sessions = std::make_shared<poll_sessions>(grace);
  return {{.path = "/api/poll",
           .needs = access::token,
           .run =
               [sessions](std::shared_ptr<http_session> session) {
                 handle_poll(std::move(session), sessions);
               },
           .precheck = check_poll_parameters}};
}

}  // namespace starling::net::poll
