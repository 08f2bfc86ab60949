/// The entries of leases in their key-value bucket: `<key>` -> `held <node>`, none when it is free.
#pragma once

#include <nats/nats.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "cluster/ingest/ingest_subjects.hpp"
#include "cluster/jetstream/jetstream_admin.hpp"
#include "net/base/ids.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

/// The value of an entry, and back: empty when nobody holds it (also when it is no value of ours).
std::string lease_value(const node_id& holder);
std::string holder_in(std::string_view value);

/// Over one life of the connection. Every call asks NATS and blocks as long as the context that it
/// was opened with says. Thread "nats-ingest" alone, without the feed's lock.
///
/// Errors: unavailable, with the reason, when NATS did not answer or cannot do it.
class lease_store {
 public:
  struct entry {
    std::string holder;
    std::uint64_t revision = 0;
  };

  /// Creates the bucket when there is none. `js` and `names` must outlive the store.
  static result<lease_store> open(jsCtx* js, const ingest_subjects& names, int replicas);

  /// nullopt: there is no entry.
  result<std::optional<entry>> read(const std::string& key);
  /// Erases the entry up to `revision`; what was written since stays.
  result<void> erase(const std::string& key, std::uint64_t revision);
  /// The revision of the new entry. Fails when there is one: of several who try one succeeds.
  result<std::uint64_t> create(const std::string& key, const node_id& holder);
  /// The revision that replaces `revision`. errc::conflict: that is not the latest any more. After
  /// errc::unavailable it may have been written all the same.
  result<std::uint64_t> renew(const std::string& key, const node_id& holder,
                              std::uint64_t revision);

 private:
  lease_store(jsCtx* js, const ingest_subjects& names, jetstream::bucket_ptr bucket)
      : js_(js), names_(&names), bucket_(std::move(bucket)) {}

  jsCtx* js_;
  const ingest_subjects* names_;
  jetstream::bucket_ptr bucket_;
};

}  // namespace starling::cluster
