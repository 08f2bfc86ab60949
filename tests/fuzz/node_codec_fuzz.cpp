/// What nodes ask, answer and announce, as it comes from NATS, where anybody may write. The first
/// byte says what the rest is taken for.
#include "actors/api/node_codec.hpp"

#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using namespace starling::actors;
using fuzz::require;

namespace {

template <class Answer>
void as_answer(std::string_view bytes) {
  const auto read = decode_answer<Answer>(bytes);
  if (!read) return;
  const auto written = encode(*read);
  const auto again = decode_answer<Answer>(written);
  require(again.ok() && again->ok() == read->ok(), "an answer that was read is one when written");
  require(encode(*again) == written, "and stays as it is");
}

}  // namespace

void fuzz(std::string_view bytes) {
  switch (fuzz::take_byte(bytes) % 9) {
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
    case 2: return as_answer<nothing>(bytes);
    case 3: return as_answer<sessions_answer>(bytes);
    case 4: return as_answer<channels_answer>(bytes);
    case 5: return as_answer<presence_answer>(bytes);
    case 6: return as_answer<trace_answer>(bytes);
    case 7: return as_answer<net::node_stats>(bytes);
    default: return as_answer<partitions_answer>(bytes);
  }
}
