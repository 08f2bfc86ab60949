/// UTF-8 checked as it arrives, in pieces cut anywhere.
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace starling {

/// Well-formed UTF-8 as in the Unicode standard, table 3-7: no surrogates, no overlong forms.
class utf8_validator {
 public:
  /// False as soon as no continuation can make the text valid; then only reset() helps.
  bool feed(std::string_view bytes) noexcept {
    for (std::size_t i = 0; i < bytes.size();) {
      if (need_ == 0) i += ascii_run(bytes.substr(i));
      if (i < bytes.size() && !step(static_cast<std::uint8_t>(bytes[i++]))) return false;
    }
    return true;
  }
  /// Does what was fed end with a whole character?
  bool complete() const noexcept { return need_ == 0; }
  void reset() noexcept { *this = {}; }

 private:
  static std::size_t ascii_run(std::string_view bytes) noexcept {
    std::size_t i = 0;
    for (std::uint64_t word = 0; i + sizeof word <= bytes.size(); i += sizeof word) {
      std::memcpy(&word, bytes.data() + i, sizeof word);
      if ((word & 0x8080808080808080u) != 0) break;
    }
    return i;
  }
  bool step(std::uint8_t byte) noexcept {
    if (need_ > 0) {
      if (byte < low_ || byte > high_) return false;
      --need_;
      low_ = 0x80;
      high_ = 0xBF;
      return true;
    }
    if (byte < 0x80) return true;
    if (byte < 0xC2 || byte > 0xF4) return false;
    need_ = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    if (byte == 0xE0) low_ = 0xA0;
    if (byte == 0xED) high_ = 0x9F;
    if (byte == 0xF0) low_ = 0x90;
    if (byte == 0xF4) high_ = 0x8F;
    return true;
  }

  std::uint8_t need_ = 0;    ///< continuation bytes still to come
  std::uint8_t low_ = 0x80;  ///< bounds of the next one
  std::uint8_t high_ = 0xBF;
};

}  // namespace starling
