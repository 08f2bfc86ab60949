#include "cluster/kv/kv_positions.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "cluster/jetstream/jetstream_setup.hpp"
#include "cluster/nats/jetstream_api.hpp"
#include "net/base/log.hpp"

namespace starling::cluster {

namespace {

constexpr std::chrono::milliseconds answer_timeout{3000};
constexpr std::string_view rooms_suffix = ".rooms";
/// More than a session may have rooms (1,000 of 128 bytes); a message of NATS may be 1 MiB.
constexpr std::size_t max_rooms_bytes = 512 * 1024;

/// An answer, as the delivery thread copies it; it is decoded elsewhere.
struct heard {
  explicit heard(const nats_answer& answer) : state(answer.state) {
    if (state != answer_state::answered) return;
    data = answer.message->data();
    status = answer.message->header("Status");
    description = answer.message->header("Description");
    stored = !answer.message->header("Nats-Sequence").empty();
  }

  answer_state state;
  std::string data;
  // Of a replica.
  std::string status;
  std::string description;
  bool stored = false;
};

/// What the key holds. `direct`: a replica says so, with the value as it is; else the leader, in
/// JSON.
result<std::string> value_in(const heard& answer, bool direct) {
  switch (answer.state) {
    case answer_state::answered: break;
    case answer_state::timed_out:
      return error{errc::timeout, "the positions were not answered in time"};
    case answer_state::no_responders:
      return error{errc::unavailable, "the store of positions is not there"};
    case answer_state::disconnected: return engine_away();
  }
  if (direct) {
    if (answer.status == "404") return std::string();
    if (answer.stored) return answer.data;
    return error{errc::unavailable, "the rooms cannot be read: " + answer.description};
  }
  const auto message = jetstream::parse_message(answer.data);
  // Empty also at the mark of a key that an operator erased.
  if (message) return message->data;
  if (message.error.err_code == jetstream::err_no_message) return std::string();
  return error{errc::unavailable, "the positions cannot be read: " + message.error.description};
}

/// Names as key tokens, separated by blanks.
std::string encode_rooms(const std::vector<std::string>& rooms) {
  std::string out;
  for (const auto& room : rooms) {
    if (!out.empty()) out += ' ';
    out += escape_key_token(room);
  }
  return out;
}

std::optional<std::vector<std::string>> parse_rooms(std::string_view text) {
  if (text.size() > max_rooms_bytes) return std::nullopt;  // no node's
  std::vector<std::string> out;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    auto room = unescape_token(text.substr(0, end));
    if (!room || room->empty()) return std::nullopt;
    out.push_back(std::move(*room));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
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

void kv_positions::put_rooms(const tenant_id& tenant, const std::string& user,
                             const std::vector<std::string>& rooms) {
  auto subject = subject_of(tenant, user).append(rooms_suffix);
  auto text = encode_rooms(rooms);
  if (subject.size() <= max_subject_bytes && text.size() <= max_rooms_bytes)
    connection_->publish(std::move(subject), std::move(text));
}

void kv_positions::get(const tenant_id& tenant, const std::string& user,
                       completion<std::optional<cursor>> done) {
  auto subject = subject_of(tenant, user);
  read(subject, source::leader, [subject, done = std::move(done)](result<std::string> text) {
    if (!text) return done(text.error());
    const auto found = parse_cursor(*text);
    if (!found && !text->empty())
      log::warn("a stored position is unreadable and is left out", {{"subject", subject}});
    done(found ? std::optional<cursor>(found->at) : std::nullopt);
  });
}

void kv_positions::rooms(const tenant_id& tenant, const std::string& user,
                         completion<std::vector<std::string>> done) {
  auto subject = subject_of(tenant, user).append(rooms_suffix);
  read(subject, source::any_replica, [subject, done = std::move(done)](result<std::string> text) {
    if (!text) return done(text.error());
    auto found = parse_rooms(*text);
    if (!found)
      log::warn("a stored list of rooms is unreadable and is left out", {{"subject", subject}});
    done(found ? std::move(*found) : std::vector<std::string>());
  });
}

void kv_positions::read(std::string subject, source from, completion<std::string> done) {
  if (subject.size() > max_subject_bytes) {
    done(std::string());  // nothing can have been stored there
    return;
  }
  const bool direct = from == source::any_replica;
  connection_->request((direct ? "$JS.API.DIRECT.GET.KV_" : "$JS.API.STREAM.MSG.GET.KV_") + bucket_,
                       jetstream::last_message_request(subject), {}, answer_timeout,
                       [connection = connection_, direct,
                        done = std::move(done)](const nats_answer& answer) mutable {
                         connection->work().post(
                             [connection, direct, done = std::move(done), answer = heard(answer)] {
                               auto value = value_in(answer, direct);
                               // The bucket may be gone: somebody should look.
                               if (!value && answer.state != answer_state::disconnected)
                                 connection->verify_store();
                               done(std::move(value));
                             });
                         return false;
                       });
}

}  // namespace starling::cluster
