/// What nodes ask, answer and announce, as it comes from NATS, where anybody may write. The first
/// byte says what the rest is taken for.
#include "actors/api/node_codec.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using namespace starling::actors;
using fuzz::require;

namespace {

using answers = std::make_index_sequence<std::variant_size_v<any_answer>>;

/// Nothing yet, to be read as an answer to the question with the number `index`.
template <std::size_t... I>
any_answer answer_to_number(std::size_t index, std::index_sequence<I...>) {
  any_answer out;
  ((index == I ? static_cast<void>(out.emplace<I>()) : void()), ...);
  return out;
}

bool is_given(const any_answer& of) {
  return std::visit([](const auto& each) { return each.given.ok(); }, of);
}

void as_answer(any_answer read, std::string_view bytes) {
  if (!decode_answer(bytes, read)) return;
  const auto written = encode(read);
  auto again = read;
  require(decode_answer(written, again).ok() && is_given(again) == is_given(read),
          "an answer that was read is one when written");
  require(encode(again) == written, "and stays as it is");
}

}  // namespace

void fuzz(std::string_view bytes) {
  const auto kind = fuzz::take_byte(bytes) % (2 + answers::size());
  switch (kind) {
    case 0:
      if (const auto read = decode_question(bytes)) {
        const auto written = encode(*read);
        const auto again = decode_question(written);
        require(again && again->index() == read->index(), "a question that was read is one");
        require(encode(*again) == written, "and stays as it is");
      }
      break;
    case 1:
      if (const auto read = decode_announcement(bytes)) {
        require(valid_user(read->node.id), "a node has a valid id");
        require(decode_announcement(encode(*read)).ok(), "an announcement that was read is one");
      }
      break;
    default: return as_answer(answer_to_number(kind - 2, answers{}), bytes);
  }
}
