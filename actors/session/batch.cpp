#include "actors/session/batch.hpp"

#include "net/wire/encoders.hpp"

namespace starling::actors {

namespace {
/// A member whose peer reads slowly keeps the whole frame until its last byte is written.
constexpr std::size_t max_bytes = 64 * 1024;
}  // namespace

void batch::push(publication_ptr publication) {
  bytes_ += publication->event().data.size();
  uniform_ = uniform_ && publication->event().exclude.empty() &&
             publication->event().earlier_targets.empty() &&
             (events_.empty() || publication->at().epoch == events_.front()->at().epoch);
  if (publication->at().seq > position_.seq) position_ = publication->at();
  events_.push_back(std::move(publication));
}

void batch::clear() {
  events_.clear();
  bytes_ = 0;
  uniform_ = true;
  position_ = {};
  joined_.fill({});
}

bool batch::full() const noexcept { return events_.size() >= max_events_ || bytes_ >= max_bytes; }

const frame& batch::joined(net::wire_format format) {
  auto& out = joined_[static_cast<std::size_t>(format)];
  if (out) return out;
  if (events_.size() == 1) return out = events_.front()->frame_for(format);
  std::vector<frame> each;
  each.reserve(events_.size());
  for (const auto& one : events_) each.push_back(one->frame_for(format));
  return out = net::join_events(format, each);
}

}  // namespace starling::actors
