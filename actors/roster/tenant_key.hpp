/// A user of a tenant as one text.
#pragma once

#include <string>

#include "net/base/ids.hpp"

namespace starling::actors {

/// No name of a tenant holds a space.
inline std::string tenant_key(const tenant_id& tenant, const std::string& user) {
  return tenant.str() + ' ' + user;
}

}  // namespace starling::actors
