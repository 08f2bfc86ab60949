#include "cluster/kv/kv_positions.hpp"

#include <utility>

#include "cluster/jetstream/jetstream_setup.hpp"
#include "cluster/nats/jetstream_api.hpp"
#include "net/base/log.hpp"

namespace starling::cluster {

namespace {

using position = std::optional<cursor>;

constexpr std::chrono::milliseconds answer_timeout{3000};

result<position> position_in(std::string_view answer, const std::string& subject) {
  const auto message = jetstream::parse_message(answer);
  if (!message) {
    const auto refused = jetstream::find_error(answer);
    if (refused && refused->err_code == jetstream::err_no_message) return position();
    return error{errc::unavailable, "the positions cannot be read: " +
                                        (refused ? refused->description : "no such answer")};
  }
  if (message->data.empty()) return position();  // the mark of a key that an operator erased
  const auto found = parse_cursor(message->data);
  if (found) return position(found->at);
  log::warn("a stored position is unreadable and is left out", {{"subject", subject}});
  return position();
}

result<position> position_of(const nats_answer& answer, const std::string& subject) {
  switch (answer.state) {
    case answer_state::answered: return position_in(answer.message->data(), subject);
    case answer_state::timed_out:
      return error{errc::timeout, "the positions were not answered in time"};
    case answer_state::no_responders:
      return error{errc::unavailable, "the store of positions is not there"};
    case answer_state::disconnected: break;
  }
  return error{errc::unavailable, "the engine (NATS) is away"};
}

}  // namespace

kv_positions::kv_positions(std::shared_ptr<nats_connection> connection)
    : connection_(std::move(connection)), bucket_(positions_bucket(connection_->options())) {}

std::string kv_positions::subject_of(const tenant_id& tenant, const std::string& user) const {
  return ("$KV." + bucket_)
      .append(".")
      .append(escape_key_token(tenant.str()))
      .append(".")
      .append(escape_key_token(user));
}

void kv_positions::put(const tenant_id& tenant, const std::string& user, const cursor& at) {
  auto subject = subject_of(tenant, user);
  if (subject.size() <= max_subject_bytes) connection_->publish(std::move(subject), at.str());
}

void kv_positions::get(const tenant_id& tenant, const std::string& user,
                       completion<std::optional<cursor>> done) {
  auto subject = subject_of(tenant, user);
  if (subject.size() > max_subject_bytes) {
    done(position());  // nothing can have been stored there
    return;
  }
  auto body = jetstream::last_message_request(subject);
  connection_->request("$JS.API.STREAM.MSG.GET.KV_" + bucket_, std::move(body), {}, answer_timeout,
                       [connection = connection_, subject = std::move(subject),
                        done = std::move(done)](const nats_answer& answer) {
                         auto outcome = position_of(answer, subject);
                         // The bucket may be gone: somebody should look.
                         if (!outcome.ok() && answer.state != answer_state::disconnected)
                           connection->verify_store();
                         done(std::move(outcome));
                         return false;
                       });
}

}  // namespace starling::cluster
