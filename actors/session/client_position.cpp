#include "actors/session/client_position.hpp"

#include <utility>

namespace starling::actors {

client_position::arrival client_position::look(std::uint64_t sent,
                                               std::uint64_t acknowledged) noexcept {
  const bool all = acknowledged >= sent;
  asked_ = !all;
  if (!all && acknowledged < marked_bytes_) return arrival::unknown;
  const auto reached = all ? handed_over_ : marked_;
  marked_ = handed_over_;
  marked_bytes_ = sent;
  told_ = told_ && reached_ == reached;
  reached_ = reached;
  return all ? arrival::all : arrival::some;
}

std::optional<cursor> client_position::take_news() noexcept {
  if (std::exchange(told_, true)) return std::nullopt;
  return cursor{epoch_, reached_};
}

}  // namespace starling::actors
