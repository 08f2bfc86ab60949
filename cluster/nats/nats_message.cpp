#include "cluster/nats/nats_message.hpp"

#include <cstdlib>
#include <memory>

#include "net/base/ascii.hpp"

namespace starling::cluster {

std::string_view nats_message::header_of_any_case(const char* name) const {
  if (const auto exact = header(name); !exact.empty()) return exact;
  const char** raw = nullptr;
  int count = 0;
  if (natsMsgHeader_Keys(message_, &raw, &count) != NATS_OK) return {};
  const std::unique_ptr<const char*, void (*)(const char**)> names(
      raw, [](const char** list) { std::free(list); });
  for (int i = 0; i < count; ++i)
    if (iequals(names.get()[i], name)) return header(names.get()[i]);
  return {};
}

}  // namespace starling::cluster
