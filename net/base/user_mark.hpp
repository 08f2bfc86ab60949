/// A user among the sessions that an event excludes.
#pragma once

#include <string_view>

#include "net/base/ids.hpp"

namespace starling {

/// Stands in `event::exclude` for all sessions of the user: a UUID of version 5 made of the name
/// (sessions have version 8, so none has it as its id). The same on every node and in every
/// release: it is stored.
session_id user_mark(std::string_view user);

}  // namespace starling
