#include "actors/session/session_clock.hpp"

#include <algorithm>

namespace starling::actors {

session_clock::due session_clock::look(std::chrono::milliseconds wall, steady_time now,
                                       std::chrono::milliseconds end,
                                       std::chrono::milliseconds heartbeat) noexcept {
  due out;
  out.left = end - wall;
  out.expired = out.left <= std::chrono::milliseconds::zero();
  if (out.expired) return out;
  out.expiring = !announced_ && out.left <= notice;
  announced_ = announced_ || out.expiring;
  out.heartbeat = now >= next_heartbeat_;
  if (out.heartbeat) next_heartbeat_ = now + heartbeat;
  return out;
}

steady_time session_clock::next(std::chrono::milliseconds wall, steady_time now,
                                std::chrono::milliseconds end) const noexcept {
  const auto left = end - wall;
  const auto until = announced_ ? left : left - notice;
  return std::min(next_heartbeat_, now + std::max(until, std::chrono::milliseconds::zero()));
}

}  // namespace starling::actors
