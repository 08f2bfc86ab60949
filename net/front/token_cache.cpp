#include "net/front/token_cache.hpp"

namespace starling::net {

result<identity_ptr> token_cache::verify(std::string_view token, const key_set& keys,
                                         const token_rules& rules, std::int64_t now_s) {
  if (const auto at = known_.find(token); at != known_.end()) {
    if (now_s < at->second->expires_s) return at->second;
    known_.erase(at);
  }
  auto verified = net::verify(token, keys, rules, now_s);
  if (!verified) return verified.error();
  auto holder = std::make_shared<const identity>(std::move(*verified));
  if (known_.size() >= max_entries) known_.clear();
  known_.emplace(token, holder);
  return holder;
}

}  // namespace starling::net
