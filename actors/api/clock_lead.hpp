/// What a question and its answer say of two nodes' wall clocks.
#pragma once

#include <cstdint>

namespace starling::actors {

/// In ns since 1970: `asked` and `answered` by the clock of who asked, `heard` and `replied` by
/// that of who answered.
struct round_trip {
  std::int64_t asked;
  std::int64_t heard;
  std::int64_t replied;
  std::int64_t answered;
};

/// By how many ns the clock of who answered is ahead of the other, at least; below 0: behind. 0
/// when the time on the way may explain it all.
constexpr std::int64_t clock_lead(const round_trip& of) noexcept {
  if (of.replied > of.answered) return of.replied - of.answered;
  if (of.heard < of.asked) return of.heard - of.asked;
  return 0;
}

}  // namespace starling::actors
