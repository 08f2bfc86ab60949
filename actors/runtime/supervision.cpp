#include "actors/runtime/supervision.hpp"

#include "net/base/fault.hpp"

namespace starling::actors {

void end_process(std::string_view actor, std::string_view message, std::string_view cause) {
  starling::end_process("it cannot go on without an actor that had a fault",
                        {{"actor", actor}, {"message", message}, {"cause", cause}});
}

}  // namespace starling::actors
