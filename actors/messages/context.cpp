#include "actors/messages/context.hpp"

#include <random>

namespace starling::actors {

std::chrono::milliseconds node_context::jittered(std::chrono::milliseconds base) {
  thread_local std::minstd_rand random{std::random_device{}()};
  std::uniform_int_distribution<std::int64_t> spread(-base.count() / 2, base.count() / 2);
  return base + std::chrono::milliseconds(spread(random));
}

}  // namespace starling::actors
