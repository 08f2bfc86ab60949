/// API keys: secrets that speak for a user without being a token. A file holds their hashes, never
/// the keys themselves.
///
/// `{"keys":[{"id":..,"sha256":..,"created":..,"claims":{"sub":..,"tenant"?,"rooms"?,"publish"?,
/// "admin"?}}]}`: `sha256` is hex over the whole key, `created` epoch seconds, `claims` what a
/// token would say.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "net/auth/identity.hpp"
#include "net/base/result.hpp"

namespace starling::net {

/// An entry of the file.
struct api_key {
  std::string id;    ///< 16 hex digits; names the key where it must not be shown
  std::string hash;  ///< SHA-256 of the key, 64 hex digits
  std::int64_t created_s = 0;
  std::string claims_json;  ///< an object
  identity holder;          ///< what the claims come to; does not expire
};

/// A key that exists nowhere yet: 256 random bits. `text` is `sk_<id>_<secret>`, to be shown once.
struct fresh_api_key {
  std::string id;
  std::string text;
};
fresh_api_key make_api_key();

/// Hex of SHA-256. The keys are random, so nothing slower is needed.
std::string api_key_hash(std::string_view key);

/// Checks `claims_json` as those of a token. Errors: errc::malformed says what is wrong.
result<api_key> make_api_key_entry(const fresh_api_key& of, std::int64_t created_s,
                                   std::string claims_json);

/// Errors: errc::malformed names the file, the entry and what is wrong with it.
result<std::vector<api_key>> read_api_keys(const std::string& path);

/// Reads the keys (none where there is no file), lets `edit` change them, and puts the file in
/// place in one step, with the owner and mode it had, else readable
/// by its owner only. One at a time: `<path>.new` is the lock.
/// Errors: those of read_api_keys and of `edit`; errc::conflict when somebody else is at it;
/// errc::malformed when the file cannot be written.
result<void> edit_api_keys(const std::string& path,
                           const std::function<result<void>(std::vector<api_key>&)>& edit);

/// The keys of a file, by what clients send. Immutable after load; copies share; any thread.
class api_key_set {
 public:
  static result<api_key_set> load(const std::string& path);

  /// Who the key speaks for; nullptr for one that is none of ours.
  std::shared_ptr<const identity> find(std::string_view key) const;
  std::size_t size() const noexcept { return by_hash_.size(); }

 private:
  std::unordered_map<std::string, std::shared_ptr<const identity>> by_hash_;
};

}  // namespace starling::net
