/// Node messages as bytes and back. Any bytes are safe to pass, for a cost that grows with their
/// number alone: nothing is deeper than the types say, and what a node would never send is refused.
#pragma once

#include <string>
#include <string_view>

#include "actors/api/node_protocol.hpp"
#include "net/base/result.hpp"

namespace starling::actors {

/// Bytes; NATS takes at most 1 MiB unless it is told otherwise.
inline constexpr std::size_t max_node_message = 4 * 1024 * 1024;

std::string encode(const question& asked);
/// Errors: malformed, too_large, not_found (a question of a later version).
result<question> decode_question(std::string_view bytes);

/// Answer: any `answer` of the questions.
template <class Answer>
std::string encode(const result<Answer>& given);
/// The outer result fails when the bytes are no answer (malformed, too_large); the inner one is
/// what the node said.
template <class Answer>
result<result<Answer>> decode_answer(std::string_view bytes);

std::string encode(const announcement& told);
/// Errors: malformed (also when the node's id is none), too_large.
result<announcement> decode_announcement(std::string_view bytes);

}  // namespace starling::actors
