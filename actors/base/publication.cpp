#include "actors/base/publication.hpp"

#include "net/wire/encoders.hpp"

namespace starling::actors {

publication::publication(starling::event event, cursor at, sequence seq)
    : event_(std::move(event)), at_(at), seq_(seq) {}

std::shared_ptr<const publication> publication::notice(starling::event event, cursor at) {
  auto out = std::make_shared<publication>(std::move(event), at, 0);
  out->notice_ = true;
  return out;
}

publication::~publication() {
  for (auto& slot : frames_) delete slot.load(std::memory_order_relaxed);
}

const frame& publication::frame_for(net::wire_format format) const {
  auto& slot = frames_[static_cast<std::size_t>(format)];
  if (const auto* made = slot.load(std::memory_order_acquire)) return *made;
  auto fresh = std::make_unique<frame>(
      notice_ ? net::encode_notice(format, event_.name, event_.data, at_.str())
              : net::encode_event(format, event_, at_.str()));
  const frame* expected = nullptr;
  if (slot.compare_exchange_strong(expected, fresh.get(), std::memory_order_acq_rel))
    return *fresh.release();
  return *expected;  // another shard was faster
}

}  // namespace starling::actors
