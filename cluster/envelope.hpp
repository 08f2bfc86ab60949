/// How events and node messages travel between nodes and lie in the store.
///
/// An envelope is a version byte (1) and fields; a field is a varint length (LEB128) and its bytes.
/// Later versions of Starling may add fields at the end: readers ignore what they do not know.
/// The fields of an event are listed in SUBJECTS.md.
#pragma once

#include <string>
#include <string_view>

#include "net/base/event.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

std::string encode(const event& event);
/// The size of that, without making it.
std::size_t encoded_bytes(const event& event) noexcept;
/// Any bytes are safe to pass. Error: malformed, naming the field; lists of more than 100,000 items
/// are none.
result<event> decode(std::string_view bytes);

/// Can the event be handed to clients and embedded in answers as it is? Error: malformed, when its
/// id or name would break framing, its data is neither text nor JSON of at most 64 levels, or its
/// sender or traceparent is none.
result<void> check_content(const event& item);

/// A message from one node to others: questions, answers, control.
struct node_message {
  node_id from;
  std::string payload;
};
std::string encode(const node_id& from, std::string_view payload);
/// Any bytes are safe to pass. Error: malformed.
result<node_message> decode_node_message(std::string_view bytes);

}  // namespace starling::cluster
