/// Keys and values of the roster's bucket, and subjects.
#include "cluster/kv/roster_codec.hpp"
#include "cluster/subjects.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

void fuzz(std::string_view bytes) {
  const auto key = fuzz::take_until(bytes, '\n');
  if (const auto entry = cluster::parse_roster_entry(key, bytes)) {
    const auto again =
        cluster::parse_roster_entry(cluster::roster_key(*entry), cluster::roster_value(*entry));
    require(again && again->tenant == entry->tenant && again->user == entry->user &&
                again->room == entry->room && again->since_ms == entry->since_ms &&
                again->since_seq == entry->since_seq,
            "a membership that was read is written so that it reads the same");
  }
  for (const auto& token : {cluster::escape_token(key), cluster::escape_key_token(key)}) {
    require(cluster::unescape_token(token) == key, "what is escaped comes back");
    require(token.find_first_of(".*> \r\n\t") == token.npos && !token.empty(),
            "what is escaped is one token");
  }
  if (const auto text = cluster::unescape_token(key))
    require(cluster::unescape_token(cluster::escape_token(*text)) == text, "and again");

  for (const std::size_t partitions : {1, 3}) {
    static const cluster::subjects one("starling", 1);
    static const cluster::subjects three("starling", 3);
    const auto& names = partitions == 1 ? one : three;
    (void)names.is_announcement(key);
    (void)names.is_question(key);
    const auto heard = names.parse(key);
    if (!heard) continue;
    const auto again = names.parse(names.of(heard->channel, heard->message));
    require(again && again->channel == heard->channel && again->message == heard->message,
            "a subject that was read is written so that it reads the same");
  }
}
