/// What clients are told when events are lost.
#pragma once

#include <string>
#include <string_view>

namespace starling::actors {

/// Data of a `gap` notice. `room`: see name_of_loss.
std::string gap_json(std::string_view reason, std::string_view room);

}  // namespace starling::actors
