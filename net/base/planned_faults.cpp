#include "net/base/planned_faults.hpp"

#include <charconv>
#include <stdexcept>

namespace starling {

result<std::unique_ptr<planned_faults>> planned_faults::parse(
    const std::vector<std::string>& plan) {
  auto out = std::make_unique<planned_faults>();
  for (const auto& each : plan) {
    const auto at = each.find('@');
    const auto dot = each.find('.');
    std::uint64_t nth = 0;
    const char* const end = each.data() + each.size();
    const bool number = at != std::string::npos &&
                        std::from_chars(each.data() + at + 1, end, nth).ptr == end && nth > 0;
    if (!number || dot == std::string::npos || dot == 0 || dot + 1 >= at)
      return error{errc::malformed, '"' + each + "\": must be ACTOR.MESSAGE@N, N from 1"};
    out->left_[each.substr(0, at)] = nth;
  }
  return out;
}

void planned_faults::count(std::string_view actor, std::string_view message) {
  std::string key(actor);
  key += '.';
  key += message;
  {
    const std::lock_guard guard(lock_);
    const auto found = left_.find(key);
    if (found == left_.end() || --found->second > 0) return;
    left_.erase(found);
  }
  throw std::runtime_error("a planned fault");
}

}  // namespace starling
