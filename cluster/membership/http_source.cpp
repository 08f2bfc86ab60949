#include "cluster/membership/http_source.hpp"

#include <utility>

#include "cluster/membership/source_pool.hpp"
#include "net/auth/signature.hpp"
#include "net/base/hex.hpp"
#include "net/http/http_client.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/json_reader.hpp"

namespace starling::cluster {

namespace {

/// A million names and more.
constexpr std::size_t max_answer_bytes = 64 * 1024 * 1024;

error no_answer(std::string why) { return {errc::unavailable, std::move(why)}; }

/// The list in the member `wanted`; numbers are taken as text.
result<membership_source::names> names_in(std::string_view body, std::string_view wanted) {
  const auto expected = "the answer is not {\"" + std::string(wanted) + "\":[names]}";
  net::json_reader in(body);
  if (in.peek() != net::json_kind::object) return no_answer(expected);
  in.enter();
  membership_source::names out;
  bool found = false;
  std::string name;
  while (in.next_member(name)) {
    if (name != wanted) {
      in.skip();
      continue;
    }
    if (in.peek() != net::json_kind::array) return no_answer(expected);
    found = true;
    in.enter();
    while (in.next_element()) {
      auto& each = out.emplace_back();
      if (in.peek() == net::json_kind::string)
        in.read_string(each);
      else if (in.peek() == net::json_kind::number)
        in.read_compact(each);
      else
        return no_answer(expected);
    }
  }
  if (in.failed() || !in.finish()) return no_answer("the answer is no JSON: " + in.failure());
  if (!found) return no_answer(expected);
  return out;
}

class http_asker final : public membership_asker {
 public:
  explicit http_asker(http_source_options options) : options_(std::move(options)) {}

  result<membership_source::names> ask(const membership_query& query,
                                       steady_time deadline) override {
    const bool of_user = query.asked == membership_query::kind::rooms_of_user;
    const auto body = std::string("{\"").append(of_user ? "user" : "room").append("\":") +
                      net::quoted(query.name) + ",\"tenant\":" + net::quoted(query.tenant.str()) +
                      "}";
    const auto signature = net::sign_hmac(options_.secret, body);
    if (!signature) return signature.error();
    const auto left =
        std::max(std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()),
                 std::chrono::milliseconds(1));
    net::http_client client(
        options_.url,
        {.connect_timeout = left, .request_timeout = left, .max_body_bytes = max_answer_bytes});
    const auto reply = client.request("POST", of_user ? "/rooms_of_user" : "/users_of_room", body,
                                      {{"Content-Type", "application/json"},
                                       {"X-Starling-Signature", "sha256=" + hex(*signature)}});
    if (!reply) {
      const bool late = steady_clock::now() >= deadline;
      return error{late ? errc::timeout : errc::unavailable, reply.error().message};
    }
    if (reply->status != 200)
      return no_answer("the answer's status is " + std::to_string(reply->status));
    return names_in(reply->body, of_user ? "rooms" : "users");
  }

 private:
  const http_source_options options_;
};

}  // namespace

std::shared_ptr<membership_source> make_http_source(const http_source_options& options) {
  return std::make_shared<source_pool>(
      source_pool_options{
          .name = "http", .threads = options.connections, .timeout = options.timeout},
      [&options] { return std::make_unique<http_asker>(options); });
}

}  // namespace starling::cluster
