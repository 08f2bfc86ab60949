/// Node messages as bytes and back. Any bytes are safe to pass, for a cost that grows with their
/// number alone: nothing is deeper than the types say, and what a node would never send is refused.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "actors/api/node_protocol.hpp"
#include "net/base/result.hpp"

namespace starling::actors {

/// Bytes; NATS takes at most 1 MiB unless it is told otherwise.
inline constexpr std::size_t max_node_message = 4 * 1024 * 1024;

std::string encode(const question& asked);
/// Errors: malformed, too_large, not_found (a question of a later version).
result<question> decode_question(std::string_view bytes);

std::string encode(const any_answer& given);
/// An answer to whatever question.
std::string encode(const error& why);
/// Reads the alternative that `out` holds. Fails when the bytes are no answer to that question
/// (malformed, too_large).
result<void> decode_answer(std::string_view bytes, any_answer& out);
/// The outer result fails when the bytes are no answer; the inner one is what the node said.
template <class Question>
result<result<typename Question::answer>> decode_answer(std::string_view bytes) {
  any_answer out(answer_to<Question>{});
  if (const auto read = decode_answer(bytes, out); !read) return read.error();
  return std::get<answer_to<Question>>(std::move(out)).given;
}

std::string encode(const announcement& told);
/// Errors: malformed (also when the node's id is none), too_large.
result<announcement> decode_announcement(std::string_view bytes);

}  // namespace starling::actors
