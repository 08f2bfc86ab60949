#include "cluster/nats/store_marks.hpp"

#include <cctype>
#include <charconv>
#include <concepts>

namespace starling::cluster::jetstream {

namespace {

constexpr std::string_view epoch_mark = "starling epoch=";
constexpr std::string_view partitions_mark = "starling partitions=";

/// The number behind the last `mark`.
template <std::unsigned_integral Number>
std::optional<Number> find_number(std::string_view description, std::string_view mark) {
  const auto at = description.rfind(mark);
  if (at == description.npos) return std::nullopt;
  description.remove_prefix(at + mark.size());
  Number out = 0;
  const auto* const end = description.data() + description.size();
  const auto [rest, ec] = std::from_chars(description.data(), end, out);
  if (ec != std::errc{} || out == 0) return std::nullopt;
  // Others may write behind it, but not into it.
  if (rest != end && std::isalnum(static_cast<unsigned char>(*rest))) return std::nullopt;
  return out;
}

std::string with_number(std::string_view description, std::string_view mark, std::uint64_t number) {
  std::string out(description);
  if (!out.empty()) out += ' ';
  return out.append(mark).append(std::to_string(number));
}

}  // namespace

std::optional<epoch_id> find_epoch(std::string_view description) {
  return find_number<epoch_id>(description, epoch_mark);
}

std::string with_epoch(std::string_view description, epoch_id epoch) {
  return with_number(description, epoch_mark, epoch);
}

std::optional<std::size_t> find_partitions(std::string_view description) {
  return find_number<std::size_t>(description, partitions_mark);
}

std::string with_partitions(std::string_view description, std::size_t partitions) {
  return with_number(description, partitions_mark, partitions);
}

}  // namespace starling::cluster::jetstream
