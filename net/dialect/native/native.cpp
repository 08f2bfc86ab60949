#include "net/dialect/native/native.hpp"

#include <iterator>

namespace starling::net::native {

std::vector<route> routes() {
  std::vector<route> out;
  for (auto* list : {stream_routes, publish_routes, session_routes}) {
    auto rows = list();
    std::move(rows.begin(), rows.end(), std::back_inserter(out));
  }
  return out;
}

}  // namespace starling::net::native
