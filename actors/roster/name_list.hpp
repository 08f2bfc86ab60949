/// Pointers to named things, in order of the names: short when there are few, quick when there are
/// a million.
#pragma once

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::actors {

/// Sorted runs of at most `most` pointers: a change moves what stands behind it in one run, not in
/// all. `Node::name()` is the name. Plain state.
template <class Node>
class name_list {
 public:
  bool empty() const noexcept { return runs_.empty(); }

  /// `node` is not in the list yet.
  void insert(Node* node) {
    if (runs_.empty()) {
      runs_.push_back({node});
      return;
    }
    const auto at = run_of(runs_, node->name());
    // Not as much again as it has: most runs are full to two thirds, and never get larger.
    if (at->size() == at->capacity()) at->reserve(std::min(2 * at->size(), most + 1));
    at->insert(place(*at, node->name()), node);
    if (at->size() <= most) return;
    const auto middle = at->begin() + most / 2;
    std::vector<Node*> upper(middle, at->end());
    at->erase(middle, at->end());
    runs_.insert(at + 1, std::move(upper));
  }

  /// The node of that name is in the list.
  void erase(std::string_view name) {
    const auto at = run_of(runs_, name);
    at->erase(place(*at, name));
    if (at->empty()) runs_.erase(at);
  }

  /// Calls `each(node)` for nodes behind `name`, as long as it answers true.
  template <class Each>
  void after(std::string_view name, Each each) const {
    for (auto run = run_of(runs_, name); run != runs_.end(); ++run)
      for (auto at = place(*run, name); at != run->end(); ++at)
        if ((*at)->name() != name && !each(std::as_const(**at))) return;
  }

 private:
  static constexpr std::size_t most = 256;
  using run = std::vector<Node*>;

  /// The run in which `name` stands or would stand; the end when there is none.
  static auto run_of(auto& runs, std::string_view name) {
    const auto behind = std::ranges::upper_bound(
        runs, name, {}, [](const run& each) -> std::string_view { return each.front()->name(); });
    return behind == runs.begin() ? behind : behind - 1;
  }
  static auto place(auto& in, std::string_view name) {
    return std::ranges::lower_bound(
        in, name, {}, [](const Node* node) -> std::string_view { return node->name(); });
  }

  std::vector<run> runs_;
};

}  // namespace starling::actors
