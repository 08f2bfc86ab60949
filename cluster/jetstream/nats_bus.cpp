#include "cluster/jetstream/nats_bus.hpp"

#include <charconv>
#include <utility>

#include "cluster/envelope.hpp"
#include "cluster/foreign_messages.hpp"

namespace starling::cluster {

namespace {

constexpr std::string_view advisory_prefix = "$JS.EVENT.ADVISORY.STREAM.";

sequence number_in(std::string_view header) noexcept {
  sequence out = 0;
  std::from_chars(header.data(), header.data() + header.size(), out);
  return out;
}

void refuse_message(refusal why, const nats_message& message, std::string_view detail = {}) {
  refuse(why, message.subject(), message.data().size(), detail);
}

/// An event that says it belongs elsewhere must not cross over from one channel to another.
std::optional<event> event_of(const heard_subject& about, const nats_message& message) {
  auto item = decode(message.data());
  if (!item) {
    refuse_message(refusal::malformed, message, item.error().message);
    return std::nullopt;
  }
  if (item->channel != about.channel) {
    refuse_message(refusal::wrong_channel, message);
    return std::nullopt;
  }
  if (const auto fault = check_content(*item); !fault) {
    refuse_message(refusal::bad_data, message, fault.error().message);
    return std::nullopt;
  }
  return std::move(*item);
}

/// What ask_all has gathered so far.
struct gathering {
  std::vector<node_reply> replies;
  std::function<void(std::vector<node_reply>)> done;
};

}  // namespace

nats_bus::nats_bus(const node_id& self, std::shared_ptr<nats_connection> connection)
    : self_(self), connection_(std::move(connection)) {}

void nats_bus::start(bus_listener& listener) {
  listener_ = &listener;
  connection_->start(*this);
}

void nats_bus::stop() { connection_->stop(); }

void nats_bus::on_up(std::string detail) { listener_->on_engine(true, std::move(detail)); }
void nats_bus::on_down(std::string detail) { listener_->on_engine(false, std::move(detail)); }
void nats_bus::on_misconfigured(std::string why) {
  listener_->on_engine_misconfigured(std::move(why));
}

result<void> nats_bus::send_ephemeral(const event& event) {
  auto subject = connection_->names().of(event.channel, channel_message::ephemeral);
  if (subject.size() > max_subject_bytes)
    return error{errc::too_large, "the name of the target is too long"};
  if (!connection_->up()) return engine_away();
  const auto most = connection_->max_payload();
  if (most > 0 && encoded_bytes(event) > static_cast<std::size_t>(most))
    return error{errc::too_large,
                 "the event is larger than what NATS takes (" + std::to_string(most) + " bytes)"};
  if (!connection_->publish(std::move(subject), event)) return engine_away();
  return {};
}

void nats_bus::send_control(const channel& channel, std::string payload) {
  connection_->publish(connection_->names().of(channel, channel_message::control),
                       encode(self_, payload));
}

void nats_bus::announce(std::string payload) {
  connection_->publish(connection_->names().announcement(self_), std::move(payload));
}

void nats_bus::ask(const node_id& node, std::string payload, std::chrono::milliseconds deadline,
                   completion<std::string> done) {
  const auto answered = [node, done = std::move(done)](const nats_answer& answer) {
    switch (answer.state) {
      case answer_state::answered: {
        auto message = decode_node_message(answer.message->data());
        if (!message)
          refuse(refusal::malformed, "answer of " + node.str(), answer.message->data().size());
        if (message)
          done(std::move(message->payload));
        else
          done(error{errc::unavailable,
                     "node '" + node.str() + "' gave an answer that cannot be read"});
        break;
      }
      case answer_state::no_responders:
        done(error{errc::not_found, "no node '" + node.str() + "' is connected"});
        break;
      case answer_state::timed_out:
        done(error{errc::timeout, "node '" + node.str() + "' did not answer in time"});
        break;
      case answer_state::disconnected: done(engine_away()); break;
    }
    return false;
  };
  connection_->request(connection_->names().question(node), encode(self_, payload), {}, deadline,
                       answered);
}

void nats_bus::ask_all(std::string payload, std::size_t expected,
                       std::chrono::milliseconds deadline,
                       std::function<void(std::vector<node_reply>)> done) {
  if (expected == 0) {
    done({});
    return;
  }
  auto all = std::make_shared<gathering>();
  all->done = std::move(done);
  const auto answered = [all, expected](const nats_answer& answer) {
    if (answer.state == answer_state::answered) {
      if (auto message = decode_node_message(answer.message->data()))
        all->replies.push_back({std::move(message->from), std::move(message->payload)});
      else
        refuse(refusal::malformed, "answer to a question to all", answer.message->data().size());
      if (all->replies.size() < expected) return true;
    }
    all->done(std::move(all->replies));
    return false;
  };
  connection_->request(connection_->names().questions_to_all(), encode(self_, payload), {},
                       deadline, answered);
}

void nats_bus::on_message(const nats_message& message) {
  const auto subject = message.subject();
  const auto& names = connection_->names();
  if (const auto about = names.parse(subject))
    hear_channel(*about, message);
  else if (names.is_announcement(subject))
    listener_->on_announcement(std::string(message.data()));
  else if (names.is_question(subject))
    hear_question(message);
  else if (subject.starts_with(advisory_prefix))
    hear_advisory(subject.substr(advisory_prefix.size()));
}

void nats_bus::hear_channel(const heard_subject& about, const nats_message& message) {
  switch (about.message) {
    case channel_message::stored: hear_stored(about, message); break;
    case channel_message::ephemeral: {
      if (auto item = event_of(about, message)) listener_->on_ephemeral(std::move(*item));
      break;
    }
    case channel_message::control: {
      auto said = decode_node_message(message.data());
      if (!said.ok())
        refuse_message(refusal::malformed, message, said.error().message);
      else if (said->from != self_)
        listener_->on_control(about.channel, std::move(said->payload));
      break;
    }
  }
}

void nats_bus::hear_stored(const heard_subject& about, const nats_message& message) {
  const auto seq = number_in(message.header("Nats-Sequence"));
  const auto previous = number_in(message.header("Nats-Last-Sequence"));
  if (seq == 0) return refuse_message(refusal::not_stored, message);
  stored_event out{seq, previous, {}};
  if (auto item = event_of(about, message)) {
    out.event = std::move(*item);
  } else {
    out.event.channel = about.channel;
    out.unreadable = true;
  }
  listener_->on_stored(about.partition, std::move(out));
}

void nats_bus::hear_question(const nats_message& message) {
  auto asked = decode_node_message(message.data());
  if (!asked.ok()) return refuse_message(refusal::malformed, message, asked.error().message);
  const bool to_all = message.subject() == connection_->names().questions_to_all();
  if ((to_all && asked->from == self_) || message.reply().empty()) return;
  // Whoever may ask would else have us send to any subject that we may publish on.
  if (!connection_->names().is_inbox(message.reply()))
    return refuse_message(refusal::bad_reply, message);
  listener_->on_request(std::move(asked->payload),
                        [connection = std::weak_ptr(connection_), self = self_,
                         reply = std::string(message.reply())](std::string payload) {
                          if (const auto alive = connection.lock())
                            alive->publish(reply, encode(self, payload));
                        });
}

void nats_bus::hear_advisory(std::string_view subject) {
  const auto dot = subject.rfind('.');
  const auto stream = subject.substr(dot == subject.npos ? 0 : dot + 1);
  if (const auto p = connection_->names().partition_of_stream(stream);
      p && subject.starts_with("LEADER_ELECTED."))
    listener_->on_store_leader_changed(*p);
  else if (subject.starts_with("CREATED.") || subject.starts_with("DELETED."))
    connection_->verify_store();
}

}  // namespace starling::cluster
