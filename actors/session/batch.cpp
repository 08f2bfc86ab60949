#include "actors/session/batch.hpp"

#include "net/wire/encoders.hpp"

namespace starling::actors {

namespace {
/// A member whose peer reads slowly keeps the whole frame until its last byte is written.
constexpr std::size_t max_bytes = 64 * 1024;
}  // namespace

void batch::push(publication_ptr what) {
  bytes_ += what->what().data.size();
  uniform_ = uniform_ && what->what().exclude.empty() && what->what().earlier_targets.empty() &&
             (events_.empty() || what->at().epoch == events_.front()->at().epoch);
  if (what->at().seq > through_.seq) through_ = what->at();
  events_.push_back(std::move(what));
}

void batch::clear() {
  events_.clear();
  bytes_ = 0;
  uniform_ = true;
  through_ = {};
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
