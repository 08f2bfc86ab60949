#include <algorithm>

#include "net/base/clock.hpp"
#include "net/dialect/mercure/authorization.hpp"
#include "net/dialect/mercure/encoder.hpp"
#include "net/dialect/mercure/handlers.hpp"
#include "net/dialect/mercure/subscribe_request.hpp"
#include "net/dialect/mercure/subscription.hpp"
#include "net/front/http_handlers.hpp"
#include "net/front/stream_admission.hpp"
#include "net/front/stream_answer.hpp"
#include "net/front/stream_opening.hpp"

namespace starling::net::mercure {

namespace {

constexpr cursor before_everything{0, 0};  // of no store's life: all that is held comes

std::string stream_head(const http_exchange& x, std::string_view client_id,
                        std::string_view last_event_id, bool ends) {
  std::string out =
      "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
      "Cache-Control: private, no-cache, no-store, must-revalidate, max-age=0\r\n"
      "Pragma: no-cache\r\nX-Accel-Buffering: no\r\n";
  out.append(hub_headers);
  if (!last_event_id.empty()) out.append("Last-Event-ID: ").append(last_event_id).append("\r\n");
  end_sse_head(out, x, client_id, ends);
  return out;
}

/// Refuses with the hub's head, and opens nothing.
class hub_refusal final : public stream_answer {
 public:
  using stream_answer::stream_answer;

 protected:
  std::string sse_head_of(const http_exchange& x, const connected*) const override {
    return stream_head(x, {}, {}, true);
  }
};

/// What GET would say, without opening anything.
void handle_head(std::shared_ptr<http_session> session, const stream_origin& origin,
                 const tenant_id& tenant) {
  if (const auto no = cannot_open_stream(session->front(), origin, tenant)) {
    stream_request request;
    request.format = stream_format();
    return hub_refusal(std::move(session), request).refuse(*no);
  }
  session->answer_head(stream_head(session->exchange(), {}, {}, false));
}

/// Says in its head from where the stream goes on, and announces the subscriber.
class hub_answer final : public stream_answer {
 public:
  /// asked: the id the client came with, if any; safe in a header.
  hub_answer(std::shared_ptr<http_session> session, const stream_request& request,
             subscription& view, std::optional<std::string> asked)
      : stream_answer(std::move(session), request), view_(view), asked_(std::move(asked)) {}

  std::unique_ptr<transport> accept(const connected& hello, transport_observer& observer) override {
    auto out = stream_answer::accept(hello, observer);
    if (out) view_.announce(hello.client_id);
    return out;
  }

 protected:
  std::string sse_head_of(const http_exchange& x, const connected* hello) const override {
    if (!hello) return stream_head(x, {}, {}, true);
    const std::string_view from = !asked_ ? "" : hello->resumed ? *asked_ : earliest;
    return stream_head(x, hello->client_id.str(), from, false);
  }

 private:
  subscription& view_;  // the session's, which lives longer
  const std::optional<std::string> asked_;
};

/// A native room of that name: the subscriber is a member when it may hear it. What Mercure clients
/// publish there comes by the room of all updates.
bool joins(const topic_selector& selector, const bearer& from, const hub_settings& settings) {
  const auto& topic = selector.text();
  return selector.one_topic() && valid_room(topic) &&
         (settings.anonymous || from.rights.may_see({topic}) || may_join(from.identity, topic));
}

/// Whether updates about subscriptions can be meant.
bool watches_subscriptions(const topic_selector& selector, const bearer& from) {
  if (from.rights.subscribe.empty()) return false;  // they are private
  const auto prefix = selector.fixed_prefix();
  return subscriptions_path.starts_with(prefix) || prefix.find(hub_path) != prefix.npos;
}

identity_ptr session_identity(const bearer& from, const std::vector<topic_selector>& topics,
                              const hub_settings& settings) {
  auto out = std::make_shared<identity>(from.identity);
  out->rooms.clear();
  out->rooms.emplace_back(updates_room);
  if (std::any_of(topics.begin(), topics.end(),
                  [&](const auto& one) { return watches_subscriptions(one, from); }))
    out->rooms.emplace_back(subscriptions_room);
  for (const auto& one : topics)
    if (joins(one, from, settings)) out->rooms.push_back(one.text());
  out->rooms.shrink_to_fit();
  // A user of its own: there is no limit per user here, and what a native user is sent is no
  // update.
  const auto unique = "mercure:" + make_event_id();
  const auto named = unique + ":" + out->user.str();
  out->user = user_id(valid_user(named) ? named : unique);
  return out;
}

/// `#` and a cursor (a native event's id, or the last words of this node), or a cursor.
std::optional<cursor> own_position(std::string_view id) {
  if (id.starts_with('#')) id.remove_prefix(1);
  const auto parsed = parse_cursor(id);
  if (!parsed || parsed->at.epoch == 0) return std::nullopt;
  return parsed->at;
}

/// As told_to_stay_away, of an id that encode_goodbye of this format gave.
bool stays_away(const http_request& request) {
  auto sent = trimmed(request.get(header::last_event_id).value_or(""));
  if (!sent.starts_with('#')) return false;
  const auto parsed = parse_cursor(sent.substr(1));
  return parsed && parsed->closed;
}

struct pending_stream {
  std::shared_ptr<http_session> session;
  stream_origin origin;
  stream_request request;
  std::optional<std::string> asked;
};

void open(pending_stream&& stream, std::optional<cursor> from) {
  auto& front = stream.session->front();
  auto& request = stream.request;
  if (stream.asked && !from) {
    stream.asked = earliest;
    from = before_everything;
  }
  if (from) request.last_event_id = from->str();
  auto& view = static_cast<subscription&>(*request.view);
  auto answer = std::make_unique<hub_answer>(std::move(stream.session), request, view,
                                             std::move(stream.asked));
  open_stream(front, stream.origin, std::move(request), std::move(answer));
}

}  // namespace

result<void> check_origin(const http_exchange& x) {
  if (x.cors.allowed) return {};
  return error{errc::forbidden,
               "this origin is not allowed here; cors.origins lists those that are"};
}

void handle_subscribe(std::shared_ptr<http_session> session, const hub_settings& settings) {
  auto& front = session->front();
  auto& x = session->exchange();
  if (const auto listed = check_origin(x); !listed) return session->answer(listed.error());
  auto from = authorize_subscriber(x, front, settings);
  if (!from) return session->answer(from.error());
  auto topics = parse_selectors(x.request.query());
  if (!topics) return session->answer(topics.error());
  const auto asked = asked_position(x.request);
  if (stays_away(x.request)) {
    http_response stay_away;
    stay_away.status = 204;
    return session->answer(std::move(stay_away));
  }

  const auto origin = origin_of(x);
  if (x.request.method == http_method::head)
    return handle_head(std::move(session), origin, from->identity.tenant);
  pending_stream stream{std::move(session), origin, {}, std::nullopt};
  auto& request = stream.request;
  request.identity = session_identity(*from, *topics, settings);
  request.format = stream_format();
  request.remote = remote_text(x.remote);
  request.view =
      std::make_unique<subscription>(stream.session->shared_front(), from->identity.tenant,
                                     std::move(*topics), std::move(from->rights));
  x.caller = request.identity;
  if (asked.empty()) return open(std::move(stream), std::nullopt);
  stream.asked = std::string(asked);
  if (asked == earliest) return open(std::move(stream), std::nullopt);
  if (const auto at = own_position(asked)) {
    return open(std::move(stream), at);
  }
  // Another id is one of an update's: where does it stand?
  auto kept = std::make_shared<pending_stream>(std::move(stream));
  front.shared->node.find_event(
      front.loop, room_channel(kept->request.identity->tenant, std::string(updates_room)),
      *kept->asked, [kept](result<std::optional<cursor>> found) {
        if (found) return open(std::move(*kept), *found);
        const auto retry = kept->session->front().settings->retry;
        hub_answer(std::move(kept->session), kept->request,
                   static_cast<subscription&>(*kept->request.view), std::nullopt)
            .refuse(make_goodbye(close_code::overload, retry, cursor{}));
      });
}

}  // namespace starling::net::mercure
