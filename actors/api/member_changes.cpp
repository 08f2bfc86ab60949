#include "actors/api/member_changes.hpp"

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>

#include "net/base/clock.hpp"

namespace starling::actors {

namespace {

/// The way of a list of changes to the store; holds itself by what it waits for.
class change_run : public std::enable_shared_from_this<change_run> {
 public:
  change_run(call_ptr call, std::vector<cluster::roster_change> changes,
             std::function<void(changes_made)> done)
      : call_(std::move(call)), changes_(std::move(changes)), done_(std::move(done)) {}

  /// What was said before this moment is not the new members': the store says where it stands.
  void start() {
    call_->parts.node.engine->history_of(call_->tenant)
        .state(call_->back([self = shared_from_this()](const result<cluster::log_state>& state) {
          if (!state) return self->call_->fail(state.error());
          self->since_ms_ = wall_ms();
          self->since_seq_ = state->last;
          self->sift();
        }));
  }

 private:
  void sift() {
    if (next_ == changes_.size()) return finish();
    const auto count = std::min(changes_.size() - next_, cluster::roster_store::max_changes);
    const auto from = changes_.begin() + static_cast<std::ptrdiff_t>(next_);
    std::vector<cluster::roster_change> batch(
        std::make_move_iterator(from),
        std::make_move_iterator(from + static_cast<std::ptrdiff_t>(count)));
    next_ += count;
    call_->parts.node.roster.send(changes_query{
        std::move(batch),
        call_->back([self = shared_from_this()](std::vector<cluster::roster_change> wanted) {
          self->store(std::move(wanted));
        })});
  }

  void store(std::vector<cluster::roster_change> wanted) {
    if (wanted.empty()) return sift();
    changes_made now;
    for (auto& [entry, member] : wanted) {
      entry.since_ms = since_ms_;
      entry.since_seq = since_seq_;
      ++(member ? now.added : now.removed);
    }
    last_ = wanted.back();
    call_->parts.node.engine->roster().apply(
        std::move(wanted),
        call_->back([self = shared_from_this(), now](const result<void>& stored) {
          if (!stored) return self->fail(stored.error());
          self->made_.added += now.added;
          self->made_.removed += now.removed;
          self->sift();
        }));
  }

  void fail(const error& why) {
    call_->fail(error{why.code, why.message + "; of the changes asked for " +
                                    std::to_string(made_.added + made_.removed) +
                                    " are stored, and the same request can be sent again"});
  }

  /// Nodes hear of changes in the order in which they were stored.
  void finish() {
    if (!last_) return done_(made_);
    const auto& [entry, member] = *last_;
    call_->parts.cluster.ask_all(
        call_->loop, membership_question{entry.tenant, entry.room, entry.user, member},
        [self = shared_from_this()](const auto&) { self->done_(self->made_); });
  }

  const call_ptr call_;
  std::vector<cluster::roster_change> changes_;
  const std::function<void(changes_made)> done_;
  std::size_t next_ = 0;
  std::int64_t since_ms_ = 0;
  sequence since_seq_ = 0;
  changes_made made_;
  std::optional<cluster::roster_change> last_;
};

}  // namespace

void change_members(const call_ptr& call, std::vector<cluster::roster_change> changes,
                    std::function<void(changes_made)> done) {
  std::make_shared<change_run>(call, std::move(changes), std::move(done))->start();
}

}  // namespace starling::actors
