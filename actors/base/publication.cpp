#include "actors/base/publication.hpp"

#include <algorithm>

#include "net/wire/encoders.hpp"

namespace starling::actors {

namespace {
/// Up to here it is cheaper to look at each of the earlier targets than to make a table.
constexpr std::size_t few_targets = 8;

/// What the slot holds, made by the first who needs it.
template <class T, class Make>
const T& made_once(std::atomic<const T*>& slot, Make&& make) {
  if (const auto* made = slot.load(std::memory_order_acquire)) return *made;
  auto fresh = std::make_unique<const T>(make());
  const T* expected = nullptr;
  if (slot.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel))
    return *fresh.release();
  return *expected;  // another shard was faster
}
}  // namespace

publication::publication(starling::event event, cursor at, sequence seq)
    : event_(std::move(event)), at_(at), seq_(seq) {}

std::shared_ptr<const publication> publication::notice(starling::event event, cursor at) {
  auto out = std::make_shared<publication>(std::move(event), at, 0);
  out->notice_ = true;
  return out;
}

publication::~publication() {
  delete earlier_.load(std::memory_order_relaxed);
  for (auto& slot : frames_) delete slot.load(std::memory_order_relaxed);
}

bool publication::went_to(std::string_view room) const {
  const auto& earlier = event_.earlier_targets;
  if (earlier.size() <= few_targets)
    return std::find(earlier.begin(), earlier.end(), room) != earlier.end();
  return made_once(earlier_, [&] { return names(earlier.begin(), earlier.end()); }).contains(room);
}

const frame& publication::frame_for(net::wire_format format) const {
  return made_once(frames_[static_cast<std::size_t>(format)], [&] {
    return notice_ ? net::encode_notice(format, event_.name, event_.data, at_.str())
                   : net::encode_event(format, event_, at_.str());
  });
}

}  // namespace starling::actors
