#include "actors/runtime/envelope.hpp"

#include <cxxabi.h>

#include <caf/type_erased_tuple.hpp>
#include <cstdlib>
#include <memory>

namespace starling::actors {

namespace {
caf::type_erased_tuple& nothing() {
  static caf::empty_type_erased_tuple none;
  return none;
}
}  // namespace

caf::type_erased_tuple& envelope::content() { return nothing(); }
const caf::type_erased_tuple& envelope::content() const { return nothing(); }

std::string short_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  const std::string name = text ? text.get() : type.name();
  const auto last = name.rfind("::");
  return last == std::string::npos ? name : name.substr(last + 2);
}

}  // namespace starling::actors
