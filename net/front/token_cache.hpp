/// Tokens that were verified a moment ago, so that a busy publisher pays for its signature once.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "net/auth/key_set.hpp"
#include "net/auth/token.hpp"
#include "net/base/result.hpp"
#include "net/service.hpp"

namespace starling::net {

/// One loop's; one thread. Shares one identity among all users of a token. Holds at most
/// `max_entries` tokens (about 1 KiB each) and starts over when full: there are few publishers, and
/// a token that opened a session is seldom seen again.
class token_cache {
 public:
  static constexpr std::size_t max_entries = 256;

  /// As net::verify. Failures are not remembered. A token is verified anew once it may have
  /// expired.
  result<identity_ptr> verify(std::string_view token, const key_set& keys, const token_rules& rules,
                              std::int64_t now_s);
  /// Keys or rules changed.
  void clear() noexcept { known_.clear(); }
  std::size_t size() const noexcept { return known_.size(); }

 private:
  struct text_hash : std::hash<std::string_view> {
    using is_transparent = void;
  };
  std::unordered_map<std::string, identity_ptr, text_hash, std::equal_to<>> known_;
};

}  // namespace starling::net
