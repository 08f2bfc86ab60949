/// What came over NATS and was refused: counted by reason, and logged.
#pragma once

#include <cstdint>
#include <string_view>

namespace starling::cluster {

enum class refusal : std::uint8_t {
  malformed,      ///< cut short, of another version, a field of the wrong kind or out of range
  too_large,      ///< more than a node would ever send
  bad_data,       ///< an event whose data is no JSON, or whose names break framing
  wrong_channel,  ///< an event that names another channel than its subject
  bad_reply,      ///< a question whose answer would go elsewhere than to a node
  not_stored,     ///< it claims to be stored and did not come through the stream
  unknown_kind,   ///< a question that this version does not know
  overload,       ///< more at once than is looked at
  too_many_nodes,
  same_node_id,  ///< of the earlier of two nodes that have one id
  fault          ///< this node's own fault while it took the message
};
inline constexpr std::size_t refusal_count = 11;

std::string_view to_string(refusal why) noexcept;

/// Counts; logs a line at most once a second and reason, with the number left out meanwhile. Any
/// thread. `source`: the subject, or the node that answered. `detail`: never from the message.
void refuse(refusal why, std::string_view source, std::size_t bytes, std::string_view detail = {});
/// How many since the process began. Any thread.
std::uint64_t refused(refusal why) noexcept;

}  // namespace starling::cluster
