#include "net/auth/api_keys.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>
#include <stdexcept>
#include <utility>

#include <openssl/rand.h>
#include <openssl/sha.h>

#include "net/auth/claims.hpp"
#include "net/auth/json_guard.hpp"
#include "net/auth/pem.hpp"
#include "net/base/base64.hpp"
#include "net/base/clock.hpp"
#include "net/base/hex.hpp"

namespace starling::net {

namespace {

using json = nlohmann::json;

/// Longer ones are no keys of ours; they are not hashed.
constexpr std::size_t max_key_bytes = 256;
/// Some 50,000 keys.
constexpr std::size_t max_file_bytes = 16 * 1024 * 1024;

error bad_entry(const std::string& path, const std::string& problem) {
  return {errc::malformed, path + ": " + problem};
}

bool is_hex(std::string_view text, std::size_t size) {
  return text.size() == size && text.find_first_not_of(hex_digits) == text.npos;
}

std::string random_bytes(std::size_t size) {
  std::string out(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(size)) != 1)
    throw std::runtime_error("no random bytes are to be had");
  return out;
}

/// Names the claim that is wrong, without the words about a token.
result<identity> identity_of(const json& claims) {
  auto holder =
      read_claims(claims, token_rules{}, wall_ms() / 1000, {.expiry = false, .user = true});
  if (holder) return holder;
  static constexpr std::string_view about_tokens = "token refused: ";
  auto why = holder.error().message;
  if (why.starts_with(about_tokens)) why.erase(0, about_tokens.size());
  return error{errc::malformed, std::move(why)};
}

result<api_key> read_entry(const json& row) {
  const auto text = [&row](const char* name) -> std::string {
    const auto at = row.find(name);
    return at != row.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  if (!row.is_object()) return error{errc::malformed, "must be an object"};
  api_key out;
  out.id = text("id");
  out.hash = text("sha256");
  if (!is_hex(out.id, 16)) return error{errc::malformed, "\"id\" must be 16 hex digits"};
  if (!is_hex(out.hash, 64)) return error{errc::malformed, "\"sha256\" must be 64 hex digits"};
  const auto claims = row.find("claims");
  if (claims == row.end() || !claims->is_object())
    return error{errc::malformed, "\"claims\" must be an object"};
  const auto created = row.find("created");
  if (created == row.end() || !created->is_number_integer())
    return error{errc::malformed, "\"created\" must be epoch seconds"};
  out.created_s = created->get<std::int64_t>();
  auto holder = identity_of(*claims);
  if (!holder) return holder.error();
  out.holder = std::move(*holder);
  out.claims_json = claims->dump();
  return out;
}

std::string to_text(const std::vector<api_key>& keys) {
  json rows = json::array();
  for (const auto& key : keys)
    rows.push_back({{"id", key.id},
                    {"sha256", key.hash},
                    {"created", key.created_s},
                    {"claims", json::parse(key.claims_json)}});
  return json{{"keys", std::move(rows)}}.dump(2) + "\n";
}

/// `<path>.new`, which exists for as long as this does. Becomes the file by put().
class draft {
 public:
  static result<draft> begin(const std::string& path) {
    const auto name = path + ".new";
    const int fd = ::open(name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd >= 0) return draft(path, name, fd);
    if (errno == EEXIST)
      return error{errc::conflict, name +
                                       " exists: somebody else is changing the keys; remove it "
                                       "if a change was broken off"};
    return bad_entry(name, std::string("cannot be written: ") + std::strerror(errno));
  }
  draft(draft&& other) noexcept
      : path_(std::move(other.path_)),
        name_(std::move(other.name_)),
        fd_(std::exchange(other.fd_, -1)) {}
  draft& operator=(draft&&) = delete;
  ~draft() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(name_.c_str());
  }

  result<void> put(std::string_view text) {
    while (!text.empty()) {
      const auto written = ::write(fd_, text.data(), text.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed();
      text.remove_prefix(static_cast<std::size_t>(written));
    }
    // The node that reads it may be another user.
    struct stat before {};
    if (::stat(path_.c_str(), &before) == 0 &&
        (::fchmod(fd_, before.st_mode & 07777) != 0 ||
         (before.st_uid != ::geteuid() && ::fchown(fd_, before.st_uid, before.st_gid) != 0)))
      return failed();
    if (::fsync(fd_) != 0) return failed();
    if (::rename(name_.c_str(), path_.c_str()) != 0) return failed();
    ::close(std::exchange(fd_, -1));
    return {};
  }

 private:
  draft(std::string path, std::string name, int fd)
      : path_(std::move(path)), name_(std::move(name)), fd_(fd) {}
  result<void> failed() const {
    return bad_entry(path_, std::string("cannot be written: ") + std::strerror(errno));
  }

  std::string path_;
  std::string name_;
  int fd_;
};

}  // namespace

fresh_api_key make_api_key() {
  fresh_api_key out;
  out.id = hex(random_bytes(8));
  out.text = "sk_" + out.id + "_" + base64url_encode(random_bytes(32));
  return out;
}

std::string api_key_hash(std::string_view key) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest.data());
  return hex({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

result<api_key> make_api_key_entry(const fresh_api_key& of, std::int64_t created_s,
                                   std::string claims_json) {
  const auto claims = parse_object(claims_json);
  if (!claims) return error{errc::malformed, "the claims of a key must be a JSON object"};
  auto holder = identity_of(*claims);
  if (!holder) return holder.error();
  return api_key{of.id, api_key_hash(of.text), created_s, std::move(claims_json),
                 std::move(*holder)};
}

result<std::vector<api_key>> read_api_keys(const std::string& path) {
  const auto text = read_key_file(path, max_file_bytes);
  if (!text) return text.error();
  const auto file = parse_object(*text);
  const auto rows = file ? file->find("keys") : json::const_iterator();
  if (!file || rows == file->end() || !rows->is_array())
    return bad_entry(path, "must be {\"keys\":[...]}, as starlingctl key create writes it");
  std::vector<api_key> out;
  std::set<std::string> ids;
  for (const auto& row : *rows) {
    auto key = read_entry(row);
    const auto place = "key " + std::to_string(out.size() + 1) + ": ";
    if (!key) return bad_entry(path, place + key.error().message);
    if (!ids.insert(key->id).second)
      return bad_entry(path, place + "\"id\" is that of an earlier key");
    out.push_back(std::move(*key));
  }
  return out;
}

result<void> edit_api_keys(const std::string& path,
                           const std::function<result<void>(std::vector<api_key>&)>& edit) {
  auto file = draft::begin(path);
  if (!file) return file.error();
  std::vector<api_key> keys;
  if (::access(path.c_str(), F_OK) == 0) {
    auto read = read_api_keys(path);
    if (!read) return read.error();
    keys = std::move(*read);
  }
  if (auto edited = edit(keys); !edited) return edited.error();
  return file->put(to_text(keys));
}

result<api_key_set> api_key_set::load(const std::string& path) {
  auto keys = read_api_keys(path);
  if (!keys) return keys.error();
  api_key_set out;
  for (auto& key : *keys) {
    key.holder.token_hash = std::hash<std::string>{}(key.hash);
    out.by_hash_[key.hash] = std::make_shared<const identity>(std::move(key.holder));
  }
  return out;
}

std::shared_ptr<const identity> api_key_set::find(std::string_view key) const {
  if (key.empty() || key.size() > max_key_bytes) return nullptr;
  const auto at = by_hash_.find(api_key_hash(key));
  return at == by_hash_.end() ? nullptr : at->second;
}

}  // namespace starling::net
