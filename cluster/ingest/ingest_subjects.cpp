#include "cluster/ingest/ingest_subjects.hpp"

#include "cluster/subjects.hpp"

namespace starling::cluster {

namespace {

constexpr std::string_view freed_suffix = ".free";

}  // namespace

ingest_subjects::ingest_subjects(const std::string& prefix)
    : bucket_(prefix + "_leases"),
      durable_(prefix + "-ingest"),
      consumer_('.' + durable_ + '.'),
      own_prefix_(prefix + '.'),
      lease_prefix_("$KV." + bucket_ + '.'),
      handover_prefix_(prefix + ".ingest."),
      told_(prefix + ".told") {}

std::string ingest_subjects::key_of(const foreign_source& source) {
  // No subject ends with a blank.
  return escape_key_token(source.stream.empty() ? source.subject : source.stream + ' ');
}

std::string ingest_subjects::freed(std::string_view key) const {
  return mark(key).append(freed_suffix);
}

heard_ingest_subject ingest_subjects::read(std::string_view subject) const noexcept {
  if (subject.starts_with(lease_prefix_))
    return {ingest_message::lease, subject.substr(lease_prefix_.size())};
  if (subject.starts_with(handover_prefix_)) {
    auto key = subject.substr(handover_prefix_.size());
    if (!key.ends_with(freed_suffix)) return {ingest_message::mark, key};
    key.remove_suffix(freed_suffix.size());
    return {ingest_message::freed, key};
  }
  if (subject == told_) return {ingest_message::told, {}};
  const bool of_ours = subject.starts_with('$') || subject.starts_with("_INBOX.") ||
                       subject.starts_with(own_prefix_);
  return {of_ours ? ingest_message::of_ours : ingest_message::foreign, {}};
}

std::string_view ingest_subjects::stream_of(std::string_view reply) const noexcept {
  const auto at = reply.find(consumer_);
  if (at == reply.npos || at == 0) return {};
  const auto start = reply.rfind('.', at - 1);
  return start == reply.npos ? std::string_view() : reply.substr(start + 1, at - start - 1);
}

}  // namespace starling::cluster
