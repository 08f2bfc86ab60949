/// The strict JSON reader beside nlohmann's parser: what ours takes, others can read, and the same.
#include <nlohmann/json.hpp>

#include "net/base/ids.hpp"
#include "net/wire/json_reader.hpp"
#include "net/wire/json_text.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

void fuzz(std::string_view bytes) {
  std::string quoted;
  net::append_quoted(quoted, bytes);
  require(nlohmann::json::accept(quoted), "any bytes quoted are a JSON string");

  std::string compact;
  net::json_reader in(bytes);
  if (!in.read_compact(compact) || !in.finish()) {
    require(in.failed() && !in.failure().empty(), "a refusal says why");
    return;
  }
  const auto expected = nlohmann::json::parse(bytes, nullptr, false);
  require(!expected.is_discarded(), "what the reader takes is JSON");
  require(nlohmann::json::parse(compact, nullptr, false) == expected,
          "without white space it is the same value");
  require(valid_utf8(compact) && compact.find_first_of("\r\n\t") == compact.npos,
          "compact JSON is UTF-8 on one line");

  net::json_reader again(compact);
  std::string twice;
  require(again.read_compact(twice) && twice == compact, "compact JSON stays as it is");
  net::json_reader skipping(bytes);
  require(skipping.skip() && skipping.finish(), "what can be read can be skipped");
}
