#include "net/base/nearest_name.hpp"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace starling {
namespace {

/// Optimal string alignment distance, over three rows.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({replaced, last[j] + 1, row[j - 1] + 1});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before[j - 2] + 1);
      }
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::optional<std::string> nearest_name(std::string_view name,
                                        std::span<const std::string> candidates) {
  constexpr std::size_t longest_name = 200;  // bounds the quadratic work; no real key is longer
  if (name.size() > longest_name) return std::nullopt;
  std::size_t best = 2 + name.size() / 5;
  std::optional<std::string> found;
  for (const std::string& candidate : candidates) {
    if (const std::size_t n = edits(name, candidate); n < best) {
      best = n;
      found = candidate;
    }
  }
  return found;
}

std::string did_you_mean(const std::optional<std::string>& name) {
  return name ? "; did you mean \"" + *name + "\"?" : std::string{};
}

}  // namespace starling
