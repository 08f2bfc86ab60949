/// How far the client of one session has got, and what the store of positions knows of it.
#pragma once

#include <cstdint>
#include <optional>

#include "net/base/cursor.hpp"

namespace starling::actors {

/// Three positions of one life of the store, each at or behind the one before: handed over to the
/// transport, marked (what the peer has acknowledged once it has acknowledged so many bytes), and
/// reached. Plain state; whoever owns it talks to the transport and to the store.
class client_position {
 public:
  /// The stream begins: the client has everything up to `at`.
  void begin(const cursor& at) noexcept {
    epoch_ = at.epoch;
    handed_over_ = reached_ = marked_ = at.seq;
  }

  /// Everything up to here has been handed to the transport.
  cursor at() const noexcept { return {epoch_, handed_over_}; }
  /// Whether `other` is of the life of the store that the client's ids are of.
  bool same_life(const cursor& other) const noexcept { return other.epoch == epoch_; }

  /// Everything up to `to` has been handed over now. True when it is news and nobody is going to
  /// look at it yet: then ask for a look(). Positions of another life and earlier ones are none.
  bool advance(const cursor& to) noexcept {
    if (!same_life(to) || to.seq <= handed_over_) return false;
    handed_over_ = to.seq;
    return ask();
  }
  /// True when a look() has to be asked for; it is expected from then on.
  bool ask() noexcept {
    const bool first = !asked_;
    asked_ = true;
    return first;
  }

  enum class arrival {
    unknown,  ///< nothing is known of what was sent since the look before; look again
    some,     ///< more is on its way; look again
    all
  };
  /// What the transport knows: bytes it was given since the start, and how many of them the peer
  /// has.
  arrival look(std::uint64_t sent, std::uint64_t acknowledged) noexcept;
  /// The position that the store does not know yet, once.
  std::optional<cursor> take_news() noexcept;

 private:
  epoch_id epoch_ = 0;
  sequence handed_over_ = 0;
  bool asked_ = false;  ///< a look is expected
  bool told_ = false;   ///< the store knows of reached_
  sequence reached_ = 0;
  /// Everything up to `marked_` has reached the peer once it has acknowledged `marked_bytes_`.
  sequence marked_ = 0;
  std::uint64_t marked_bytes_ = 0;
};

}  // namespace starling::actors
