/// What clients are told when events are lost.
#pragma once

#include <string>
#include <string_view>

namespace starling::actors {

/// In the goodbye to a client whose cursor is of a former life of the store.
inline constexpr const char* anew_reason = "the history began anew: fetch again";

/// Data of a `gap` notice. `room`: see name_of_loss.
std::string gap_json(std::string_view reason, std::string_view room);

}  // namespace starling::actors
