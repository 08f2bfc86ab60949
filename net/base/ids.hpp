/// Identifier types that do not mix: a tenant is not a user id, although both are text.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace starling {

/// Text with a meaning. Compare and hash like the text; convert only explicitly.
template <class Tag>
class strong_string {
 public:
  strong_string() = default;
  explicit strong_string(std::string text) : text_(std::move(text)) {}

  const std::string& str() const noexcept { return text_; }
  bool empty() const noexcept { return text_.empty(); }

  friend bool operator==(const strong_string&, const strong_string&) = default;
  friend auto operator<=>(const strong_string&, const strong_string&) = default;

 private:
  std::string text_;
};

/// The same for text that most do not have, in things of which there are very many: one word while
/// it is empty.
template <class Tag>
class sparse_string {
 public:
  sparse_string() = default;
  explicit sparse_string(std::string text) {
    if (!text.empty()) text_ = std::make_unique<std::string>(std::move(text));
  }
  sparse_string(const strong_string<Tag>& text) : sparse_string(text.str()) {}
  sparse_string(const sparse_string& other) : sparse_string(other.str()) {}
  sparse_string(sparse_string&&) noexcept = default;
  sparse_string& operator=(sparse_string other) noexcept {
    text_ = std::move(other.text_);
    return *this;
  }

  const std::string& str() const noexcept {
    static const std::string none;
    return text_ ? *text_ : none;
  }
  bool empty() const noexcept { return !text_; }

  friend bool operator==(const sparse_string& a, const sparse_string& b) noexcept {
    return a.str() == b.str();
  }

 private:
  std::unique_ptr<std::string> text_;
};

using tenant_id = strong_string<struct tenant_tag>;
using user_id = strong_string<struct user_tag>;
using node_id = strong_string<struct node_tag>;
using device_id = sparse_string<struct device_tag>;

/// The rules of names in words, for who breaks them.
inline constexpr std::string_view user_rule = "1-128 bytes of A-Z a-z 0-9 . _ ~ @ : -";
inline constexpr std::string_view room_rule = "1-128 bytes of A-Z a-z 0-9 . _ ~ : / @ -";
inline constexpr std::string_view tenant_rule = "1-64 bytes of A-Z a-z 0-9 . _ ~ -";
/// Of event names and event ids.
inline constexpr std::string_view printable_rule =
    "1-128 bytes without line breaks and control characters";

/// See user_rule. Also the rule for devices and nodes.
bool valid_user(std::string_view text) noexcept;
bool valid_room(std::string_view text) noexcept;
bool valid_tenant(std::string_view text) noexcept;
/// Printable UTF-8: see printable_rule (CR and LF would break SSE framing).
bool valid_event_name(std::string_view text) noexcept;
/// A name under which a node itself speaks on a stream: connected, goodbye, gap, heartbeat,
/// token_expiring. Nobody else may publish it, a client could not tell.
bool reserved_event_name(std::string_view text) noexcept;
/// Same rule as an event name: ids travel in headers, JSON and NATS headers.
bool valid_event_id(std::string_view text) noexcept;
/// Well-formed UTF-8 (no surrogates, no overlong forms).
bool valid_utf8(std::string_view text) noexcept;

/// Which node opened a session: 32 bits in every session id, so that any node can route to the
/// session's home without a lookup. Drawn by chance when a process starts.
using node_tag32 = std::uint32_t;

/// Id of one client connection, shown as a UUID (version 8): 32 bits of the node's tag, rest
/// random.
class session_id {
 public:
  session_id() = default;

  /// A fresh id. Any thread.
  static session_id make(node_tag32 home);
  /// Parses the 36-character UUID form; nullopt for anything else.
  static std::optional<session_id> parse(std::string_view text) noexcept;

  node_tag32 home() const noexcept;
  std::string str() const;
  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }

  friend bool operator==(const session_id&, const session_id&) = default;
  friend auto operator<=>(const session_id&, const session_id&) = default;

 private:
  std::array<std::uint8_t, 16> bytes_{};
};

/// A fresh opaque event id (time-ordered, 26 characters of `[0-9a-z]`). Any thread.
std::string make_event_id();

/// What kind of audience a channel is.
enum class channel_kind : std::uint8_t {
  room,    ///< a named room
  user,    ///< all sessions of one user
  all,     ///< every session of the tenant; its name is "all"
  client,  ///< one session; its name is the session id; not stored. Also: what nodes store for
           ///< themselves (fences, probes of a trace)
};
std::string_view to_string(channel_kind kind) noexcept;

/// The unit of ordering, storage and subscription: one room, one user, or a whole tenant.
struct channel {
  tenant_id tenant;
  channel_kind kind = channel_kind::room;
  std::string name;

  friend bool operator==(const channel&, const channel&) = default;
  friend auto operator<=>(const channel&, const channel&) = default;
};

using channel_ptr = std::shared_ptr<const channel>;

inline channel room_channel(const tenant_id& t, const std::string& room) {
  return {t, channel_kind::room, room};
}
inline channel user_channel(const tenant_id& t, const std::string& user) {
  return {t, channel_kind::user, user};
}
inline channel tenant_channel(const tenant_id& t) { return {t, channel_kind::all, "all"}; }

}  // namespace starling

template <class Tag>
struct std::hash<starling::strong_string<Tag>> {
  std::size_t operator()(const starling::strong_string<Tag>& s) const noexcept {
    return std::hash<std::string>{}(s.str());
  }
};

template <>
struct std::hash<starling::session_id> {
  std::size_t operator()(const starling::session_id& id) const noexcept {
    return std::hash<std::string_view>{}(
        {reinterpret_cast<const char*>(id.bytes().data()), id.bytes().size()});
  }
};

template <>
struct std::hash<starling::channel> {
  std::size_t operator()(const starling::channel& c) const noexcept {
    const std::hash<std::string_view> h;
    return h(c.name) * 1000003u + h(c.tenant.str()) * 31u + static_cast<std::size_t>(c.kind);
  }
};

namespace starling {

/// Hash and equality of what is kept by shared channels: it is found by one that is not shared,
/// too.
struct channel_by_text {
  using is_transparent = void;
  static const channel& of(const channel& c) noexcept { return c; }
  static const channel& of(const channel_ptr& c) noexcept { return *c; }
  std::size_t operator()(const auto& c) const noexcept { return std::hash<channel>{}(of(c)); }
  bool operator()(const auto& a, const auto& b) const noexcept { return of(a) == of(b); }
};

}  // namespace starling
