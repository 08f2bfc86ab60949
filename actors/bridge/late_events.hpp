/// Events that were delivered after later ones of other channels.
#pragma once

#include <deque>
#include <vector>

#include "actors/base/publication.hpp"

namespace starling::actors {

/// A late event's id is beyond those that were delivered before it, so a cursor between its own
/// position and that id belongs to a client that has not had it. The latest 256 are remembered: of
/// events as large as they may be that is 16 MiB. Plain state.
class late_events {
 public:
  static constexpr std::size_t most = 256;

  /// `late` goes out now; `before`: the highest id that went out until now.
  void remember(const publication_ptr& late, sequence before);
  /// Those of `channel` after `since` that a client with this cursor has not had and would not find
  /// behind it.
  std::vector<publication_ptr> missed(const channel& channel, sequence since,
                                      sequence cursor) const;
  void clear() noexcept { latest_.clear(); }

 private:
  struct late_event {
    publication_ptr event;
    sequence seen_from;  ///< clients with a cursor below have not had it from this node
  };
  std::deque<late_event> latest_;
};

}  // namespace starling::actors
