#include "cluster/jetstream/jetstream_reader.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "cluster/envelope.hpp"
#include "cluster/foreign_messages.hpp"
#include "net/base/log.hpp"

namespace starling::cluster {

namespace {

constexpr std::chrono::milliseconds answer_timeout{3000};
/// A page is cut here, so that one reader of large events cannot take all memory.
constexpr std::size_t max_page_bytes = 8 * 1024 * 1024;
constexpr const char* not_found = "404";
/// Direct gets in a row after which a consumer is cheaper for what may still come.
constexpr int few_gets = 32;
constexpr const char* no_room_left = "409";  // what is left of max_bytes is less than the next
constexpr std::size_t pull_batch = 256;
/// On its way to us for one read; more than the largest message that the server takes.
constexpr std::size_t pull_bytes = 1024 * 1024;

}  // namespace

jetstream_reader::jetstream_reader(std::shared_ptr<nats_connection> connection,
                                   partition_id partition, request request, ask_state state,
                                   completion<log_page> done)
    : connection_(std::move(connection)),
      stream_(connection_->names().stream(partition)),
      request_(std::move(request)),
      subject_(connection_->names().stored(request_.channel)),
      state_(std::move(state)),
      done_(std::move(done)),
      at_(request_.after) {}

jetstream_reader::heard::heard(const nats_answer& answer) : state(answer.state) {
  if (state != answer_state::answered) return;
  const auto& message = *answer.message;
  data = message.data();
  status = message.header("Status");
  description = message.header("Description");
  const auto text = message.header("Nats-Sequence");
  std::from_chars(text.data(), text.data() + text.size(), seq);
  place = jetstream::parse_delivery(message.reply());
}

void jetstream_reader::start() {
  connection_->work().post([self = shared_from_this()] {
    const auto& asked = self->request_;
    if (self->subject_.size() > max_subject_bytes)
      self->finish();  // nothing can have been stored there
    else if (asked.after < asked.up_to && asked.limit != 0)
      self->ask_first();
    else
      self->ask_leader(false);
  });
}

void jetstream_reader::ask_first() {
  send(step::first_at_leader, "STREAM.MSG.GET", jetstream::next_message_request(at_ + 1, subject_));
}

void jetstream_reader::ask_leader(bool for_next) {
  // The oldest second: what it says must hold for what the first one found.
  leader_answers_due_ = for_next ? 2 : 1;
  leader_has_more_ = false;
  if (for_next)
    send(step::next_at_leader, "STREAM.MSG.GET",
         jetstream::next_message_request(at_ + 1, subject_));
  send(step::oldest_at_leader, "STREAM.MSG.GET", jetstream::next_message_request(1, subject_));
}

void jetstream_reader::ask_replica() {
  if (++replica_gets_ > few_gets && !consumer_refused_) {
    ask_consumer();
    return;
  }
  send(step::next_at_replica, "DIRECT.GET", jetstream::next_message_request(at_ + 1, subject_));
}

void jetstream_reader::ask_consumer() {
  send(step::consumer, "CONSUMER.CREATE", jetstream::consumer_request(stream_, at_ + 1, subject_));
}

void jetstream_reader::ask_count() {
  send(step::count, "STREAM.INFO", jetstream::info_request(subject_));
}

void jetstream_reader::send(step asked, const char* api, std::string body) {
  if (ended_) return;
  connection_->request(std::string("$JS.API.").append(api).append(".").append(stream_),
                       std::move(body), {}, answer_timeout,
                       [self = shared_from_this(), asked](const nats_answer& answer) {
                         self->connection_->work().post(
                             [self, asked, answer = heard(answer)] { self->hear(asked, answer); });
                         return false;
                       });
}

bool jetstream_reader::answered(const heard& answer) {
  if (answer.state == answer_state::answered) return true;
  if (answer.state == answer_state::no_responders) connection_->verify_store();
  fail(answer.state == answer_state::disconnected ? engine_away().message
                                                  : "the store does not answer");
  return false;
}

void jetstream_reader::hear(step asked, const heard& answer) {
  if (ended_ || !answered(answer)) return;
  switch (asked) {
    case step::first_at_leader:
    case step::next_at_leader:
    case step::oldest_at_leader: hear_leader(asked, answer.data); break;
    case step::next_at_replica: hear_replica(answer); break;
    case step::consumer: hear_consumer(answer.data); break;
    case step::count: hear_count(answer.data); break;
  }
}

void jetstream_reader::hear_leader(step asked, std::string_view answer) {
  const auto message = jetstream::parse_message(answer);
  if (!message && message.error.err_code != jetstream::err_no_message) {
    fail("the store refuses to be read: " + message.error.description);
    if (message.error.code == 404) connection_->verify_store();
    return;
  }
  if (asked == step::first_at_leader) return hear_first(message);
  if (asked == step::oldest_at_leader)
    page_.oldest = message ? message->seq : 0;
  else
    leader_has_more_ = message && take({message->seq, message->data});
  leader_has_answered();
}

void jetstream_reader::hear_first(const jetstream::answer<jetstream::stored_message>& message) {
  if (message && take({message->seq, message->data})) return ask_replica();
  if (message) return ask_leader(false);
  if (request_.after == 0) return finish();
  state_([self = shared_from_this()](const result<log_state>& store) {
    self->connection_->work().post([self, store] { self->hear_nothing(store); });
  });
}

/// Without anything later than `after` the limit of the channel has dropped nothing later either.
void jetstream_reader::hear_nothing(const result<log_state>& store) {
  if (!store) return fail("the store does not say how much it holds");
  page_.dropped = store->first > request_.after + 1;
  finish();
}

void jetstream_reader::leader_has_answered() {
  if (--leader_answers_due_ > 0) return;
  if (leader_has_more_) {
    ask_replica();
    return;
  }
  const bool lost_while_reading = first_ != 0 && (page_.oldest == 0 || page_.oldest > first_);
  if (lost_while_reading) page_.dropped = true;
  const bool after_is_held = page_.oldest != 0 && page_.oldest <= request_.after;
  if (after_is_held || (request_.after == 0 && !page_.more))
    finish();
  else
    ask_count();
}

void jetstream_reader::hear_replica(const heard& message) {
  if (message.status == not_found) {
    ask_leader(true);
    return;
  }
  if (message.seq <= at_) {
    fail("the store refuses to be read: " + message.description);
    return;
  }
  if (take({message.seq, message.data}))
    ask_replica();
  else
    ask_leader(false);
}

void jetstream_reader::hear_consumer(std::string_view answer) {
  auto name = jetstream::parse_consumer_name(answer);
  if (!name) {
    consumer_refused_ = true;  // perhaps a limit of the account: it goes slowly then
    ask_replica();
    return;
  }
  consumer_ = std::move(*name);
  pulled_ = 0;
  pull();
}

void jetstream_reader::pull() {
  batch_left_ = std::min(pull_batch, request_.limit - page_.events.size());
  pull_brought_ = false;
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(connection_->max_payload(), 0));
  auto state = std::make_shared<pull_state>();
  state->left = batch_left_;
  pull_ = state;
  connection_->request(
      "$JS.API.CONSUMER.MSG.NEXT." + stream_ + "." + consumer_,
      jetstream::pull_request(batch_left_, std::max(pull_bytes, 2 * most)), {}, answer_timeout,
      [self = shared_from_this(), state = std::move(state)](const nats_answer& answer) {
        if (state->over) return false;
        heard got(answer);
        const bool more = got.place && got.place->pending != 0 && --state->left > 0;
        self->connection_->work().post([self, state, got = std::move(got)] {
          if (!self->ended_ && state == self->pull_) self->hear_pulled(got);
        });
        return more;
      },
      consumer_);
}

void jetstream_reader::hear_pulled(const heard& answer) {
  if (!answered(answer)) return;
  const auto& place = answer.place;
  if (!place && answer.status == no_room_left && pull_brought_) return pull();
  if (!place) {
    // Not a message but a status: this replica has no more.
    drop_consumer();
    ask_leader(true);
    return;
  }
  if (place->number != ++pulled_ || place->seq <= at_) {
    fail("the store left something out");
    return;
  }
  --batch_left_;
  pull_brought_ = true;
  const bool wanted = take({place->seq, answer.data});
  if (!wanted || place->pending == 0) {
    drop_consumer();
    ask_leader(wanted);
  } else if (batch_left_ == 0) {
    pull();
  }
}

void jetstream_reader::drop_consumer() {
  if (consumer_.empty()) return;
  connection_->request("$JS.API.CONSUMER.DELETE." + stream_ + "." + consumer_, {}, {},
                       answer_timeout, [](const nats_answer&) { return false; });
  consumer_.clear();
  pull_->over = true;
  replica_gets_ = 0;
}

bool jetstream_reader::take(const found& next) {
  if (next.seq > request_.up_to) return false;
  if (first_ == 0) first_ = next.seq;
  at_ = next.seq;
  auto event = decode(next.data);
  const bool good = event.ok() && event->channel == request_.channel && check_content(*event);
  if (good) {
    const auto previous = page_.events.empty() ? 0 : page_.events.back().seq;
    page_.events.push_back({next.seq, previous, std::move(*event)});
    bytes_ += next.data.size();
  } else {
    refuse(event.ok() ? refusal::bad_data : refusal::malformed, subject_, next.data.size(),
           "a stored message is no event of its channel and is left out");
  }
  if (at_ == request_.up_to) return false;
  page_.more = page_.events.size() >= request_.limit || bytes_ >= max_page_bytes;
  return !page_.more;
}

void jetstream_reader::hear_count(std::string_view answer) {
  const auto info = jetstream::parse_info(answer);
  if (!info) {
    fail("the store does not say how much it holds");
    return;
  }
  const auto most = connection_->options().limits.max_events_per_channel;
  page_.full = most != 0 && info->on_subject >= most;
  // Dropped by age: then everything older is gone too, in all channels. Dropped by count: then the
  // channel is full.
  if (request_.after != 0 && (info->first > request_.after + 1 || page_.full)) page_.dropped = true;
  finish();
}

void jetstream_reader::finish() {
  ended_ = true;
  std::exchange(done_, nullptr)(std::move(page_));
}

void jetstream_reader::fail(std::string why) {
  drop_consumer();
  ended_ = true;
  std::exchange(done_, nullptr)(error{errc::unavailable, std::move(why)});
}

}  // namespace starling::cluster
