/// What envelopes and node messages are made of: a field is a varint length (LEB128) and that many
/// bytes.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace starling::cluster {

inline void put_varint(std::string& out, std::uint64_t n) {
  for (; n >= 0x80; n >>= 7) out += static_cast<char>(n | 0x80);
  out += static_cast<char>(n);
}

inline void put_field(std::string& out, std::string_view bytes) {
  put_varint(out, bytes.size());
  out += bytes;
}

/// Takes fields off the front; never looks past the end. Any bytes are safe to pass.
class field_reader {
 public:
  explicit field_reader(std::string_view rest) noexcept : rest_(rest) {}

  bool at_end() const noexcept { return rest_.empty(); }

  std::optional<std::string_view> field() noexcept {
    const auto size = varint();
    if (!size || *size > rest_.size()) return std::nullopt;
    const auto bytes = rest_.substr(0, static_cast<std::size_t>(*size));
    rest_.remove_prefix(bytes.size());
    return bytes;
  }

  std::optional<std::uint64_t> varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return std::nullopt;
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      const std::uint64_t bits = byte & 0x7F;
      if (shift == 63 && bits > 1) return std::nullopt;
      value |= bits << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

 private:
  std::string_view rest_;
};

}  // namespace starling::cluster
