#include "apps/starlingd/hide_secrets.hpp"

#include <algorithm>
#include <cstring>
#include <string_view>

#include "apps/starlingd/config/config_schema.hpp"

namespace starling::app {

namespace {

void overwrite(char* from, const char* end) noexcept {
  std::fill(from, const_cast<char*>(end), 'x');
}

/// What stands before an `@` behind a `://`: `user:password`, or a token.
void hide_passwords(char* argument) noexcept {
  for (char* at = argument; (at = std::strstr(at, "://")) != nullptr;) {
    at += 3;
    const std::string_view url(at, std::strcspn(at, ", "));
    const auto sign = url.rfind('@');
    const auto colon = url.find(':');
    if (sign != url.npos) overwrite(at + (colon < sign ? colon + 1 : 0), at + sign);
  }
}

/// `auth.hs256_secret=...`, also behind `--set=`.
void hide_value(char* argument) noexcept {
  std::string_view text(argument);
  constexpr std::string_view option = "--set=";
  if (text.starts_with(option)) text.remove_prefix(option.size());
  const auto equals = text.find('=');
  if (equals == text.npos) return;
  const auto name = text.substr(0, equals);
  const auto secret = [&](const key_spec& key) {
    return key.secret && (name == key.name || (key.table && name.starts_with(key.name + ".")));
  };
  if (std::ranges::any_of(schema(), secret))
    overwrite(argument + (text.data() - argument) + equals + 1, text.data() + text.size());
}

}  // namespace

void hide_secrets(int argc, char** argv) noexcept {
  for (int i = 1; i < argc; ++i) {
    hide_passwords(argv[i]);
    hide_value(argv[i]);
  }
}

}  // namespace starling::app
