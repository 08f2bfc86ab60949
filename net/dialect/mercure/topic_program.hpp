/// Patterns over topics, matched in time bounded by their size times the topic's.
#pragma once

#include <bitset>
#include <cstdint>
#include <string_view>
#include <vector>

namespace starling::net::mercure {

using byte_class = std::bitset<256>;

/// A regular expression as instructions of a machine that follows all its alternatives at once
/// (Thompson), so that no pattern makes it go back. Built front to back, then only matched. Any
/// number of threads may match.
class topic_program {
 public:
  using mark = std::uint32_t;

  void text(std::string_view literal);
  void one_of(const byte_class& bytes);
  mark here() const noexcept { return static_cast<mark>(code_.size()); }
  /// A fork: what follows, or (once `join` was told) what follows the join.
  mark fork();
  void join(mark fork) { code_[fork].other = here(); }
  /// Goes on at `begin`: the end of a loop.
  void again(mark begin);

  /// Instructions; matching costs at most this many steps per byte.
  std::size_t size() const noexcept { return code_.size(); }
  /// Whether the whole of `topic` fits.
  bool matches(std::string_view topic) const;

 private:
  enum class kind : std::uint8_t {
    byte,
    any,
    fork,
    jump
  };
  struct step {
    kind action;
    std::uint8_t byte = 0;
    std::uint32_t other = 0;  ///< index of a class, or of the next step
  };
  class threads;

  std::vector<step> code_;
  std::vector<byte_class> classes_;
};

}  // namespace starling::net::mercure
