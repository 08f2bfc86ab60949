#include "actors/messages/context.hpp"

#include "net/base/jitter.hpp"

namespace starling::actors {

std::chrono::milliseconds node_context::jittered(std::chrono::milliseconds base) {
  return random_between(base - base / 2, base + base / 2);
}

}  // namespace starling::actors
