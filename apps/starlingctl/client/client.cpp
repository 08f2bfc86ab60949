#include "apps/starlingctl/client/client.hpp"

#include <nlohmann/json.hpp>
#include <utility>

#include "apps/starlingctl/output/text.hpp"
#include "net/http/http_client.hpp"
#include "net/http/url.hpp"

namespace starling::ctl {
namespace {

bool is_ok(int status) { return status >= 200 && status < 300; }

/// `{error:{code,message}}`, or `{error:"text"}` on the compatible paths.
std::string message_of(const json& body) {
  const std::string plain = text_at(body, "error");
  return plain.empty() ? text_at(object_at(body, "error"), "message") : plain;
}

/// null when the text is not JSON.
json parse_body(const std::string& text) {
  json body = json::parse(text, nullptr, false);
  return body.is_discarded() ? json() : body;
}

/// A node's answer to a path that the listener does not have.
constexpr std::string_view no_such_path = "there is no such path";

[[noreturn]] void unreachable(const target& destination, const error& why) {
  if (why.code == errc::malformed) throw failure(exit_code::usage, why.message);
  throw failure(exit_code::unreachable,
                why.message + "; is a node running at " + destination.server +
                    ", and is that its admin address (--server, --context, STARLINGCTL_SERVER)?");
}

[[noreturn]] void refused(const target& destination, const std::string& request, int status,
                          const json& body) {
  throw failure(exit_code_for(status), refusal_text(destination, request, status, body));
}

}  // namespace

struct client::impl {
  explicit impl(const target& destination)
      : http(destination.server, {.ca_file = destination.ca,
                                  .cert_file = destination.cert,
                                  .key_file = destination.key,
                                  .verify_certificate = !destination.insecure}) {
    if (!destination.token.empty())
      headers.emplace_back("Authorization", "Bearer " + destination.token);
  }

  net::http_client http;
  net::http_headers headers;
};

client::client(target destination)
    : destination_(std::move(destination)), impl_(std::make_unique<impl>(destination_)) {}
client::~client() = default;
client::client(client&&) noexcept = default;

reply client::ask(const std::string& method, const std::string& path, const std::string& body) {
  auto headers = impl_->headers;
  if (!body.empty()) headers.emplace_back("Content-Type", "application/json");
  const auto answer = impl_->http.request(method, path, body, headers);
  if (!answer) unreachable(destination_, answer.error());
  const std::string* date = answer.value().header("Date");
  return {answer.value().status, parse_body(answer.value().body), date ? http_date_ms(*date) : 0};
}

json client::call(const std::string& method, const std::string& path, const std::string& body) {
  reply answer = ask(method, path, body);
  if (!is_ok(answer.status)) refused(destination_, method + " " + path, answer.status, answer.body);
  if (!answer.body.is_structured() && answer.status != 204 && method == "GET") {
    throw failure(exit_code::failed, destination_.server + " answered " + method + " " + path +
                                         " without JSON; is it a Starling node?");
  }
  return answer.body.is_structured() ? std::move(answer.body) : json::object();
}

json client::list(const std::string& path, const char* rows, const std::string& limit,
                  const std::string& after) {
  const auto page = [&](const std::string& from) {
    std::string query;
    if (!limit.empty()) query += "&limit=" + limit;
    if (!from.empty()) query += "&after=" + net::percent_encode(from);
    if (!query.empty() && path.find('?') == path.npos) query[0] = '?';
    return get(path + query);
  };
  json all = page(after);
  if (!limit.empty()) return all;
  std::string next = text_at(all, "next");
  while (!next.empty()) {
    json more = page(next);
    for (json& row : more[rows]) all[rows].push_back(std::move(row));
    all["next"] = more["next"];
    // A server that does not move on must not keep us here for ever.
    if (text_at(more, "next") == next) break;
    next = text_at(more, "next");
  }
  return all;
}

void client::stream(const std::string& path, const std::string& last_event_id,
                    const std::function<bool(std::string_view)>& on_bytes) {
  auto headers = impl_->headers;
  headers.emplace_back("Accept", "text/event-stream");
  if (!last_event_id.empty()) headers.emplace_back("Last-Event-ID", last_event_id);
  const auto answer = impl_->http.stream(path, headers, on_bytes);
  if (!answer) unreachable(destination_, answer.error());
  if (answer.value().status == 204) {
    throw failure(exit_code::failed, "the server closed this subscription for good");
  }
  if (answer.value().status != 200) {
    refused(destination_, "GET /events", answer.value().status, parse_body(answer.value().body));
  }
}

exit_code exit_code_for(int http_status) noexcept {
  switch (http_status) {
    case 401:
    case 403: return exit_code::unauthorized;
    case 404: return exit_code::not_found;
    default: return exit_code::failed;
  }
}

std::string refusal_text(const target& destination, const std::string& request, int status,
                         const json& body) {
  std::string text = message_of(body);
  if (text.empty()) {
    text = destination.server + " answered " + request + " with status " + std::to_string(status);
  }
  text = printable(text);
  if (status == 401 && destination.token.empty()) {
    return text +
           "; no token was given: use --token, --context or STARLINGCTL_TOKEN, and make one "
           "with: starlingctl token create --user YOU --admin --secret SECRET";
  }
  if (status == 401) return text + "; see what the token says: starlingctl token inspect TOKEN";
  if (status == 403) {
    return text +
           "; the token lacks a right (admin, or publish for this room): starlingctl token "
           "inspect TOKEN";
  }
  if (status == 503) return text + "; see: starlingctl doctor";
  // What an unknown path is told (a node or room that is unknown has another text).
  if (status == 404 && text == no_such_path && request.find(" /admin/") != request.npos) {
    return text + " at " + destination.server +
           "; that may be a node's public address, and what operators ask is answered on its admin "
           "address only (listen.admin; --server, --context, STARLINGCTL_SERVER)";
  }
  return text;
}

}  // namespace starling::ctl
