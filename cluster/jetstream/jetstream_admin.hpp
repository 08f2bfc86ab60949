/// What uses of JetStream's API have in common.
#pragma once

#include <nats/nats.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "cluster/nats/nats_session.hpp"
#include "net/base/result.hpp"

namespace starling::cluster::jetstream {

struct deleter {
  void operator()(jsCtx* js) const noexcept { jsCtx_Destroy(js); }
  void operator()(jsStreamInfo* info) const noexcept { jsStreamInfo_Destroy(info); }
  void operator()(jsConsumerInfo* info) const noexcept { jsConsumerInfo_Destroy(info); }
  void operator()(kvStore* store) const noexcept { kvStore_Destroy(store); }
  void operator()(kvEntry* entry) const noexcept { kvEntry_Destroy(entry); }
};
using context_ptr = std::unique_ptr<jsCtx, deleter>;
using info_ptr = std::unique_ptr<jsStreamInfo, deleter>;
using consumer_ptr = std::unique_ptr<jsConsumerInfo, deleter>;
using bucket_ptr = std::unique_ptr<kvStore, deleter>;
using entry_ptr = std::unique_ptr<kvEntry, deleter>;

/// Lives as long as the entry.
inline std::string_view value_of(const entry_ptr& entry) {
  const void* const bytes = kvEntry_Value(entry.get());
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(kvEntry_ValueLen(entry.get()))};
}

/// A context whose calls wait so long for their answers, when they are given no options of their
/// own.
natsStatus open_context(const nats_session& session, context_ptr& out,
                        std::chrono::milliseconds wait = std::chrono::milliseconds(3000));

/// `problem: status (what the server said)`, as errc::unavailable. On the thread of the failed
/// call.
error failed(const std::string& problem, natsStatus status);

/// Gives the stream `wanted` where its limits, replicas or ways of reading differ from `present`.
/// A refusal is logged: the stream is of use as it is.
void update_if_needed(jsCtx* js, const jsStreamConfig& present, jsStreamConfig wanted);

}  // namespace starling::cluster::jetstream
