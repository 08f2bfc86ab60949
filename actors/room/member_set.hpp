/// The sessions of one room on this node.
#pragma once

#include <memory>
#include <set>

#include "actors/messages/session.hpp"

namespace starling::actors {

/// Each session once. Most rooms have few sessions on a node and very many have one, so there is
/// no table of buckets, and a single one takes no allocation. Plain state.
class member_set {
 public:
  void insert(const session_ptr& session) {
    if (several_) {
      several_->insert(session);
    } else if (!only_) {
      only_ = session;
    } else if (only_->id != session->id) {
      several_ = std::make_unique<sessions>(sessions{only_, session});
      only_.reset();
    }
  }
  void erase(const session_id& id) {
    if (!several_) {
      if (only_ && only_->id == id) only_.reset();
      return;
    }
    if (const auto at = several_->find(id); at != several_->end()) several_->erase(at);
    if (several_->size() > 1) return;
    only_ = *several_->begin();
    several_.reset();
  }

  /// In the order of their ids.
  template <class F>
  void for_each(F&& visit) const {
    if (only_) visit(*only_);
    if (!several_) return;
    for (const auto& each : *several_) visit(*each);
  }

 private:
  struct by_id {
    using is_transparent = void;
    static const session_id& of(const session_ptr& s) noexcept { return s->id; }
    static const session_id& of(const session_id& id) noexcept { return id; }
    bool operator()(const auto& a, const auto& b) const noexcept { return of(a) < of(b); }
  };
  using sessions = std::set<session_ptr, by_id>;

  session_ptr only_;  ///< while there are not several
  std::unique_ptr<sessions> several_;
};

}  // namespace starling::actors
