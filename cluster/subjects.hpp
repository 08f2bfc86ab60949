/// Names of tenants, channels and nodes as NATS subjects, and back. The table is in SUBJECTS.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/partition.hpp"
#include "net/base/ids.hpp"

namespace starling::cluster {

/// Any text as one subject token: bytes that mean something in a subject or in JSON (`.` `*` `>`
/// `=` `"` `\`, space, controls) become `=XX`; so do all bytes above 0x7F unless the text is
/// well-formed UTF-8. The empty text is `=`.
std::string escape_token(std::string_view text);
/// The same with every byte outside `[A-Za-z0-9_-]` escaped: a token of a key-value key.
std::string escape_key_token(std::string_view text);
/// Undoes both; nullopt for what neither could have made.
std::optional<std::string> unescape_token(std::string_view token);

/// What a message of a followed channel is; the last token of its subject.
enum class channel_message : std::uint8_t {
  stored,     ///< `e`, republished by the stream
  ephemeral,  ///< `x`
  control,    ///< `c`
};

struct heard_subject {
  partition_id partition{};
  starling::channel channel;
  channel_message message = channel_message::stored;
};

/// All subjects below one prefix, and the streams' names. Immutable; any thread.
class subjects {
 public:
  /// `prefix`: the name of the only stream, or what the names of several begin with; one token.
  explicit subjects(std::string prefix, std::size_t partitions = 1);

  std::size_t partitions() const noexcept { return parts_.size(); }
  partition_id partition_of(const channel& channel) const noexcept {
    return cluster::partition_of(channel.tenant, partitions());
  }
  /// `<prefix>`, or `<prefix>-p<partition>` where there are several.
  const std::string& stream(partition_id p) const noexcept { return parts_[index_of(p)].stream; }

  /// nullopt when it is none of ours.
  std::optional<partition_id> partition_of_stream(std::string_view stream) const noexcept;

  /// Where an event is published to be stored.
  std::string stored(const channel& channel) const;
  /// Where a node hears everything of a channel: one wildcard subscription.
  std::string followed(const channel& channel) const;
  std::string of(const channel& channel, channel_message message) const;

  std::string announcement(const node_id& node) const;
  std::string announcements() const;
  std::string question(const node_id& node) const;
  std::string questions_to_all() const;

  /// What subjects of answers to this node begin with, without the dot behind it: below the prefix,
  /// so that who may subscribe to `_INBOX.>` does not hear what nodes are told.
  std::string inbox() const;
  /// Where nodes that would create the store agree who does.
  std::string turns() const;
  /// A stream's subjects, and the destination it republishes to (with the server's wildcards).
  std::string stream_source(partition_id p) const;
  std::string stream_destination(partition_id p) const;

  /// nullopt when `subject` is not a message of a channel.
  std::optional<heard_subject> parse(std::string_view subject) const;
  bool is_announcement(std::string_view subject) const noexcept;
  bool is_question(std::string_view subject) const noexcept;
  /// Is it below inbox(), of whichever node?
  bool is_inbox(std::string_view subject) const noexcept;

 private:
  struct part {
    std::string stream;
    std::string in;   ///< `<prefix>.in.`, or `<prefix>.in.<partition>.` where there are several
    std::string out;  ///< the same with `ch`
  };
  const part& part_of(const channel& channel) const noexcept {
    return parts_[index_of(partition_of(channel))];
  }

  std::string prefix_;
  std::vector<part> parts_;
  std::string out_;   ///< `<prefix>.ch.`
  std::string node_;  ///< `<prefix>.node.`
  std::string ask_;   ///< `<prefix>.ask`
  std::string inbox_;
};

/// The id under which the store remembers an event: the same id on another channel is another one.
std::string dedupe_id(const channel& channel, std::string_view id);

/// A subject longer than this could break the server's limit for a protocol line (4,096 bytes),
/// which would cost the connection.
inline constexpr std::size_t max_subject_bytes = 2048;

}  // namespace starling::cluster
