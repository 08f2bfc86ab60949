#include "cluster/jetstream/jetstream_log.hpp"

#include <cassert>
#include <charconv>
#include <utility>

#include "cluster/envelope.hpp"
#include "cluster/jetstream/jetstream_reader.hpp"
#include "cluster/nats/jetstream_api.hpp"

namespace starling::cluster {

namespace {

constexpr std::chrono::milliseconds state_timeout{3000};
constexpr std::chrono::milliseconds last_timeout{3000};
/// Each read has one or two requests at the server; more at a time only lengthens its queue.
constexpr std::size_t max_reads_at_once = 128;
/// Room for headers beside the payload in the largest message that the server takes.
constexpr std::size_t header_bytes = 1024;

/// What a replica says to last_message_request.
result<sequence> last_in(const nats_message& answer) {
  if (answer.header("Status") == "404") return sequence{0};
  const auto text = answer.header("Nats-Sequence");
  sequence seq = 0;
  std::from_chars(text.data(), text.data() + text.size(), seq);
  if (seq != 0) return seq;
  return error{errc::unavailable,
               "the store refuses to be read: " + std::string(answer.header("Description"))};
}

}  // namespace

class jetstream_log::inner : public std::enable_shared_from_this<inner> {
 public:
  inner(std::shared_ptr<nats_connection> connection, partition_id partition)
      : connection_(std::move(connection)), partition_(partition) {}

  bool replicated() const noexcept { return connection_->options().replicas > 1; }
  void append(event event, completion<append_ack> done);
  void read(jetstream_reader::request request, completion<log_page> done);
  void last(const channel& channel, completion<sequence> done);
  void state(completion<log_state> done);

 private:
  struct waiting_read {
    jetstream_reader::request request;
    completion<log_page> done;
  };

  result<append_ack> acknowledged(const nats_answer& answer);
  bool in_order(const jetstream::publish_ack& ack, epoch_id epoch);
  void start_reads();
  void ask_state();
  void state_answered(answer_state outcome, std::string_view text);

  const std::string& stream() const noexcept { return connection_->names().stream(partition_); }

  const std::shared_ptr<nats_connection> connection_;
  const partition_id partition_;
  std::atomic<std::size_t> under_way_{0};

  std::mutex mutex_;
  epoch_id acked_epoch_ = 0;
  sequence acked_ = 0;
  std::deque<waiting_read> waiting_reads_;
  std::size_t reads_ = 0;
  bool starting_reads_ = false;
  std::vector<completion<log_state>> state_asked_;    ///< served by the question under way
  std::vector<completion<log_state>> state_waiting_;  ///< came later: served by the next one
};

void jetstream_log::inner::append(event event, completion<append_ack> done) {
  assert(connection_->names().partition_of(event.channel) == partition_);
  assert(!event.id.empty());
  if (!connection_->up()) return done(engine_away());
  const auto& options = connection_->options();
  auto subject = connection_->names().stored(event.channel);
  // Every message has one, also what nobody would repeat: a replica of nats-server 2.9 that was
  // killed applies the end of its log again, and stores what has none twice.
  auto id = dedupe_id(event.channel, event.id);
  const auto most = connection_->max_payload();
  if (subject.size() > max_subject_bytes ||
      (most > 0 &&
       encoded_bytes(event) + id.size() + header_bytes > static_cast<std::size_t>(most)))
    return done(error{errc::too_large,
                      "the event with the names of its targets is larger than what NATS takes"});
  if (under_way_.fetch_add(1) >= options.max_appends_under_way) {
    under_way_.fetch_sub(1);
    return done(error{errc::rate_limited, "too many events wait to be stored"});
  }
  connection_->request(
      std::move(subject), std::move(event), std::move(id), options.append_timeout,
      [self = shared_from_this(), done = std::move(done)](const nats_answer& answer) {
        self->under_way_.fetch_sub(1);
        done(self->acknowledged(answer));
        return false;
      });
}

result<append_ack> jetstream_log::inner::acknowledged(const nats_answer& answer) {
  switch (answer.state) {
    case answer_state::disconnected: return engine_away();
    case answer_state::timed_out:
      connection_->verify_store();
      return error{errc::unavailable, "the store did not acknowledge the event in time"};
    case answer_state::no_responders:
      connection_->verify_store();
      return error{errc::unavailable, "the store is not there"};
    case answer_state::answered: break;
  }
  const auto ack = jetstream::parse_ack(answer.message->data());
  if (!ack) {
    if (ack.error.err_code == jetstream::err_message_too_large)
      return error{errc::too_large, "the event is larger than what the stream takes"};
    connection_->verify_store();
    return error{errc::unavailable, "the store refused the event: " + ack.error.description};
  }
  // Answers are only heard from the present session, so this is the epoch of the store that acked.
  const auto epoch = connection_->epoch(partition_);
  if (!in_order(*ack, epoch)) {
    connection_->restart("the store counts anew: it must be another one");
    return error{errc::unavailable, "the store was replaced; try again"};
  }
  return append_ack{epoch, ack->seq, ack->duplicate};
}

/// A fresh event gets a higher sequence than all before it, unless the store is another one than
/// we think: then our epoch would make a wrong cursor of it.
bool jetstream_log::inner::in_order(const jetstream::publish_ack& ack, epoch_id epoch) {
  if (ack.duplicate) return true;
  const std::lock_guard hold(mutex_);
  if (epoch != acked_epoch_) {
    acked_epoch_ = epoch;
    acked_ = 0;
  }
  if (ack.seq <= acked_) return false;
  acked_ = ack.seq;
  return true;
}

void jetstream_log::inner::read(jetstream_reader::request request, completion<log_page> done) {
  if (!connection_->up()) return done(engine_away());
  {
    const std::lock_guard hold(mutex_);
    waiting_reads_.push_back({std::move(request), std::move(done)});
  }
  start_reads();
}

void jetstream_log::inner::start_reads() {
  {
    // A read may end at once and come back here: it must not start the next one from within.
    const std::lock_guard hold(mutex_);
    if (starting_reads_) return;
    starting_reads_ = true;
  }
  for (;;) {
    waiting_read next;
    {
      const std::lock_guard hold(mutex_);
      if (reads_ >= max_reads_at_once || waiting_reads_.empty()) {
        starting_reads_ = false;
        return;
      }
      ++reads_;
      next = std::move(waiting_reads_.front());
      waiting_reads_.pop_front();
    }
    auto ended = [self = shared_from_this(), done = std::move(next.done)](result<log_page> page) {
      {
        const std::lock_guard hold(self->mutex_);
        --self->reads_;
      }
      done(std::move(page));
      self->start_reads();
    };
    auto state = [self = shared_from_this()](completion<log_state> done) {
      self->state(std::move(done));
    };
    std::make_shared<jetstream_reader>(connection_, partition_, std::move(next.request),
                                       std::move(state), std::move(ended))
        ->start();
  }
}

void jetstream_log::inner::last(const channel& channel, completion<sequence> done) {
  const auto subject = connection_->names().stored(channel);
  if (subject.size() > max_subject_bytes) return done(sequence{0});  // nothing can be there
  connection_->request(
      "$JS.API.DIRECT.GET." + stream(), jetstream::last_message_request(subject), {}, last_timeout,
      [self = shared_from_this(), done = std::move(done)](const nats_answer& answer) {
        if (answer.state == answer_state::answered) {
          done(last_in(*answer.message));
        } else if (answer.state == answer_state::disconnected) {
          done(engine_away());
        } else {
          self->connection_->verify_store();
          done(error{errc::unavailable, "the store does not answer"});
        }
        return false;
      });
}

void jetstream_log::inner::state(completion<log_state> done) {
  {
    const std::lock_guard hold(mutex_);
    if (!state_asked_.empty()) {
      // The question under way may have left before the caller's follows: not good enough.
      state_waiting_.push_back(std::move(done));
      return;
    }
    state_asked_.push_back(std::move(done));
  }
  ask_state();
}

void jetstream_log::inner::ask_state() {
  connection_->request(
      "$JS.API.STREAM.INFO." + stream(), {}, {}, state_timeout,
      [self = shared_from_this()](const nats_answer& answer) {
        std::string text;
        if (answer.message) text = answer.message->data();
        self->connection_->work().post([self, state = answer.state, text = std::move(text)] {
          self->state_answered(state, text);
        });
        return false;
      });
}

void jetstream_log::inner::state_answered(answer_state outcome, std::string_view text) {
  result<log_state> state = engine_away();
  if (outcome == answer_state::answered) {
    if (const auto info = jetstream::parse_info(text)) {
      const bool empty = info->first == 0 || info->first > info->last;
      state =
          log_state{info->epoch, empty ? info->last + 1 : info->first, info->last, info->leader};
      // A server that is no part of a cluster names no leader: it is the only one.
      if (state->leader.empty()) state->leader = connection_->server();
      if (info->epoch != connection_->epoch(partition_)) connection_->verify_store();
    } else {
      connection_->verify_store();
      state = error{errc::unavailable, "the store is not there"};
    }
  } else if (outcome != answer_state::disconnected) {
    connection_->verify_store();
    state = error{errc::unavailable, "the store does not answer"};
  }
  std::vector<completion<log_state>> served;
  bool again = false;
  {
    const std::lock_guard hold(mutex_);
    served.swap(state_asked_);
    state_asked_.swap(state_waiting_);
    again = !state_asked_.empty();
  }
  for (auto& done : served) done(state);
  if (again) ask_state();
}

jetstream_log::jetstream_log(std::shared_ptr<nats_connection> connection, partition_id partition)
    : inner_(std::make_shared<inner>(std::move(connection), partition)) {}

std::chrono::milliseconds jetstream_log::disorder() const noexcept {
  // A stream that is not replicated is written by the connections of all publishers at once, each
  // republishing what it has just stored: 0.05 ms (median) to 2.8 ms out of order on two busy
  // cores. A replicated one is written by one hand, its leader's log.
  return std::chrono::milliseconds(inner_->replicated() ? 0 : 4);
}

void jetstream_log::append(event event, completion<append_ack> done) {
  inner_->append(std::move(event), std::move(done));
}

void jetstream_log::read(channel channel, sequence after, sequence up_to, std::size_t limit,
                         completion<log_page> done) {
  inner_->read({std::move(channel), after, up_to, limit}, std::move(done));
}

void jetstream_log::last(channel channel, completion<sequence> done) {
  inner_->last(channel, std::move(done));
}

void jetstream_log::state(completion<log_state> done) { inner_->state(std::move(done)); }

}  // namespace starling::cluster
