/// Sessions added up to users.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "net/wire/admin.hpp"

namespace starling::actors {

using users_by_name = std::map<std::string, net::presence_user>;

/// Adds sessions of a user. The most available state of all counts; sessions add up; the earliest
/// start stays.
void merge(users_by_name& into, const net::presence_user& from);
/// In the order of their names.
std::vector<net::presence_user> listed(users_by_name users);

}  // namespace starling::actors
