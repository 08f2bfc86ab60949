#include "net/dialect/mercure/topic_program.hpp"

namespace starling::net::mercure {

/// Where the alternatives stand: each place at most once.
class topic_program::threads {
 public:
  explicit threads(const topic_program& of) : of_(of), seen_(of.code_.size() + 1) {}

  /// Adds a place, and all that can be reached from it without a byte.
  void add(std::uint32_t place) {
    todo_.push_back(place);
    while (!todo_.empty()) {
      const auto at = todo_.back();
      todo_.pop_back();
      if (seen_[at]) continue;
      seen_[at] = true;
      if (at == of_.code_.size()) {
        finished_ = true;
        continue;
      }
      const auto& step = of_.code_[at];
      if (step.action == kind::fork) {
        todo_.push_back(step.other);
        todo_.push_back(at + 1);
      } else if (step.action == kind::jump) {
        todo_.push_back(step.other);
      } else {
        places_.push_back(at);
      }
    }
  }

  void clear() {
    places_.clear();
    std::fill(seen_.begin(), seen_.end(), false);
    finished_ = false;
  }

  const std::vector<std::uint32_t>& places() const noexcept { return places_; }
  bool finished() const noexcept { return finished_; }

 private:
  const topic_program& of_;
  std::vector<bool> seen_;
  std::vector<std::uint32_t> places_;
  std::vector<std::uint32_t> todo_;
  bool finished_ = false;
};

void topic_program::text(std::string_view literal) {
  for (const char c : literal) code_.push_back({kind::byte, static_cast<std::uint8_t>(c)});
}

void topic_program::one_of(const byte_class& bytes) {
  std::uint32_t index = 0;
  while (index < classes_.size() && classes_[index] != bytes) ++index;
  if (index == classes_.size()) classes_.push_back(bytes);
  code_.push_back({kind::any, 0, index});
}

topic_program::mark topic_program::fork() {
  code_.push_back({kind::fork});
  return here() - 1;
}

void topic_program::again(mark begin) { code_.push_back({kind::jump, 0, begin}); }

bool topic_program::matches(std::string_view topic) const {
  threads one(*this), other(*this);
  auto *now = &one, *next = &other;
  now->add(0);
  for (const char c : topic) {
    const auto byte = static_cast<std::uint8_t>(c);
    for (const auto place : now->places()) {
      const auto& step = code_[place];
      if (step.action == kind::byte ? step.byte == byte : classes_[step.other].test(byte))
        next->add(place + 1);
    }
    if (next->places().empty() && !next->finished()) return false;
    now->clear();
    std::swap(now, next);
  }
  return now->finished();
}

}  // namespace starling::net::mercure
