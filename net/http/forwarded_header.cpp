#include "net/http/forwarded_header.hpp"

#include <algorithm>
#include <utility>

#include "net/http/http_request.hpp"

namespace starling::net {

namespace {

/// Takes the header from its left end.
class forwarded_reader {
 public:
  explicit forwarded_reader(std::string_view header) : rest_(header) {}

  bool at_end() const noexcept { return rest_.empty(); }

  bool take(char wanted) noexcept {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }

  void skip_spaces() noexcept {
    while (take(' ') || take('\t')) {
    }
  }

  /// Up to one of `ends` or to the end; nullopt when a quote or a backslash comes before.
  std::optional<std::string_view> plain(std::string_view ends) noexcept {
    const auto size = std::min(rest_.find_first_of(ends), rest_.size());
    const auto out = rest_.substr(0, size);
    if (out.find_first_of("\"\\") != out.npos) return std::nullopt;
    rest_.remove_prefix(size);
    return trimmed(out);
  }

  /// What stands up to the closing quote; nullopt when there is none.
  std::optional<std::string> quoted() {
    std::string out;
    while (!rest_.empty()) {
      if (take('"')) return out;
      if (take('\\') && rest_.empty()) break;
      out += rest_.front();
      rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

struct forwarded_pair {
  std::string_view name;
  std::optional<std::string> value;  // none: no `=`
};

/// A pair and the spaces around it; nullopt when what follows cannot be told apart.
std::optional<forwarded_pair> read_pair(forwarded_reader& from) {
  forwarded_pair out;
  const auto name = from.plain("=;,");
  if (!name) return std::nullopt;
  out.name = *name;
  if (!from.take('=')) return out;
  from.skip_spaces();
  if (!from.take('"')) {
    const auto value = from.plain(";,");
    if (!value) return std::nullopt;
    out.value = *value;
    return out;
  }
  out.value = from.quoted();
  from.skip_spaces();
  if (!out.value) return std::nullopt;
  return out;
}

}  // namespace

std::optional<std::vector<forwarded_element>> parse_forwarded(std::string_view header) {
  std::vector<forwarded_element> out;
  forwarded_reader from(header);
  while (!from.at_end()) {
    forwarded_element element;
    bool empty = true;
    bool good = true;
    do {
      auto pair = read_pair(from);
      if (!pair) return std::nullopt;
      if (pair->name.empty() && !pair->value) continue;
      empty = false;
      good = good && pair->value && !pair->name.empty();
      if (!good || !iequals(pair->name, "for")) continue;
      good = !element.client;
      element.client = std::move(pair->value);
    } while (from.take(';'));
    if (!from.take(',') && !from.at_end()) return std::nullopt;  // something after a closing quote
    if (!good) element.client.reset();
    if (!empty) out.push_back(std::move(element));
  }
  return out;
}

}  // namespace starling::net
