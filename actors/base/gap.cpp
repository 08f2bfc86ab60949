#include "actors/base/gap.hpp"

#include "net/wire/codec.hpp"

namespace starling::actors {

std::string gap_json(std::string_view reason, std::string_view room) {
  std::string out = "{\"reason\":";
  out += net::quoted(reason);
  out += ",\"room\":";
  out += net::quoted(room);
  return out += '}';
}

}  // namespace starling::actors
