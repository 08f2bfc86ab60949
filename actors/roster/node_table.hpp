/// Nodes by their name: a word and a half for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <utility>
#include <vector>

namespace starling::actors {

/// Pointers in an open table (linear probing, at most 70 % full), because a list of its own in each
/// bucket would cost five words a node. `Node::name()` is the name. Plain state; owns nothing.
template <class Node>
class node_table {
 public:
  bool empty() const noexcept { return size_ == 0; }

  Node* find(std::string_view name) const noexcept {
    if (slots_.empty()) return nullptr;
    for (auto at = home(name);; at = next(at))
      if (!slots_[at] || slots_[at]->name() == name) return slots_[at];
  }

  /// No node of that name is in the table.
  void insert(Node* node) {
    if ((size_ + 1) * 10 > slots_.size() * 7) grow();
    ++size_;
    place(node);
  }

  /// The node is in the table.
  void erase(const Node* node) noexcept {
    auto hole = home(node->name());
    while (slots_[hole] != node) hole = next(hole);
    // Whoever stands behind the hole and could stand in it moves there.
    for (auto at = next(hole); slots_[at]; at = next(at)) {
      const auto wanted = home(slots_[at]->name());
      const bool between =
          hole < at ? hole < wanted && wanted <= at : hole < wanted || wanted <= at;
      if (between) continue;
      slots_[hole] = slots_[at];
      hole = at;
    }
    slots_[hole] = nullptr;
    --size_;
  }

  template <class Each>
  void for_each(Each each) const {
    for (auto* const node : slots_)
      if (node) each(*node);
  }

 private:
  std::size_t home(std::string_view name) const noexcept {
    __extension__ using wide = unsigned __int128;
    const wide hash = std::hash<std::string_view>{}(name);
    return static_cast<std::size_t>((hash * slots_.size()) >> 64);
  }
  std::size_t next(std::size_t at) const noexcept { return at + 1 == slots_.size() ? 0 : at + 1; }
  void place(Node* node) noexcept {
    auto at = home(node->name());
    while (slots_[at]) at = next(at);
    slots_[at] = node;
  }
  void grow() {
    auto old = std::exchange(slots_, std::vector<Node*>(slots_.size() + slots_.size() / 2 + 4));
    for (auto* const node : old)
      if (node) place(node);
  }

  std::vector<Node*> slots_;
  std::size_t size_ = 0;
};

}  // namespace starling::actors
