#include "net/http/http_request.hpp"

namespace starling::net {

namespace {

// A body this large is rare; its memory goes back before the next request.
constexpr std::size_t kept_body_bytes = 64 * 1024;

/// Cuts the part before the first `separator` off `list`.
std::string_view next_part(std::string_view& list, char separator) noexcept {
  const auto end = list.find(separator);
  const auto part = list.substr(0, end);
  list.remove_prefix(end == list.npos ? list.size() : end + 1);
  return trimmed(part);
}

/// How exactly a media range names text/event-stream: 0 not at all.
int specificity(std::string_view range) noexcept {
  if (iequals(range, "text/event-stream")) return 3;
  if (iequals(range, "text/*")) return 2;
  return range == "*/*" || range == "*" ? 1 : 0;
}

/// How exactly an element of Accept-Encoding names `coding`: 0 not at all.
int specificity(std::string_view range, std::string_view coding) noexcept {
  if (iequals(range, coding)) return 2;
  return range == "*" ? 1 : 0;
}

/// `q=0`, `q=0.0`, `q=0.000`; anything else is some wish for it.
bool is_zero(std::string_view quality) noexcept {
  return quality.starts_with('0') && quality.find_first_not_of("0.") == std::string_view::npos;
}

/// Is what `exactness` finds in a list with qualities wanted? The element that names it most
/// exactly decides.
template <class Exactness>
bool wanted_in(std::string_view list, Exactness exactness) noexcept {
  int best = 0;
  bool wanted = false;
  while (!list.empty()) {
    auto range = next_part(list, ',');
    const int exact = exactness(next_part(range, ';'));
    if (exact <= best) continue;
    best = exact;
    wanted = true;
    while (!range.empty()) {
      const auto parameter = next_part(range, ';');
      if (parameter.size() > 2 && ascii_lower(parameter[0]) == 'q' && parameter[1] == '=')
        wanted = !is_zero(parameter.substr(2));
    }
  }
  return wanted;
}

/// Of `Authorization: Bearer`; empty when there is none.
std::string_view bearer_token(const http_request& request) noexcept {
  constexpr std::string_view scheme = "bearer ";
  const auto sent = request.get(header::authorization).value_or("");
  if (sent.size() <= scheme.size() || !iequals(sent.substr(0, scheme.size()), scheme)) return {};
  return trimmed(sent.substr(scheme.size()));
}

}  // namespace

void http_request::clear() {
  method = http_method::other;
  http11 = true;
  keep_alive = true;
  expects_continue = false;
  target.clear();
  if (body.capacity() > kept_body_bytes) body = {};
  body.clear();
  present_ = 0;
  query_.reset();
}

void http_request::set(header which, std::string_view value) {
  const auto index = static_cast<std::size_t>(which);
  values_[index].assign(value);
  present_ |= 1u << index;
}

std::optional<std::string_view> http_request::get(header which) const noexcept {
  const auto index = static_cast<std::size_t>(which);
  if ((present_ & (1u << index)) == 0) return std::nullopt;
  return values_[index];
}

std::string_view http_request::path() const noexcept {
  const std::string_view all = target;
  return all.substr(0, all.find('?'));
}

const query_params& http_request::query() const {
  if (!query_) {
    const std::string_view all = target;
    const auto mark = all.find('?');
    query_.emplace(mark == all.npos ? std::string_view{} : all.substr(mark + 1));
  }
  return *query_;
}

std::string_view token_of(const http_request& request, bool cookie_counts) {
  if (const auto sent = bearer_token(request); !sent.empty()) return sent;
  if (request.target.find('?') != std::string::npos) {
    for (const auto name : {"access_token", "token"})
      if (const auto* value = request.query().find(name); value && !value->empty()) return *value;
  }
  if (!cookie_counts) return {};
  return cookie_value(request.get(header::cookie).value_or(""), "starling_token");
}

std::string_view api_key_of(const http_request& request) noexcept {
  if (!bearer_token(request).empty()) return {};
  for (const auto name : {header::api_key, header::google_api_key})
    if (const auto key = trimmed(request.get(name).value_or("")); !key.empty()) return key;
  return {};
}

std::string_view cookie_value(std::string_view cookies, std::string_view name) noexcept {
  while (!cookies.empty()) {
    const auto part = next_part(cookies, ';');
    const auto equals = part.find('=');
    if (equals == part.npos || trimmed(part.substr(0, equals)) != name) continue;
    auto value = trimmed(part.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    return value;
  }
  return {};
}

bool accepts_event_stream(std::optional<std::string_view> accept) noexcept {
  if (!accept || trimmed(*accept).empty()) return true;
  return wanted_in(*accept, [](std::string_view range) { return specificity(range); });
}

bool accepts_coding(std::optional<std::string_view> accept, std::string_view coding) noexcept {
  return wanted_in(accept.value_or(""),
                   [&](std::string_view range) { return specificity(range, coding); });
}

bool list_contains(std::string_view list, std::string_view token) noexcept {
  while (!list.empty())
    if (iequals(next_part(list, ','), token)) return true;
  return false;
}

std::string_view trimmed(std::string_view text) noexcept {
  const auto first = text.find_first_not_of(" \t");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace starling::net
