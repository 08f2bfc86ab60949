/// The roster as this node knows it: rooms of users, members of rooms. Plain state.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "actors/roster/name_list.hpp"
#include "actors/roster/node_table.hpp"
#include "actors/roster/roster_user.hpp"
#include "cluster/roster_store.hpp"

namespace starling::actors {

/// A million memberships are nothing unusual, so a name is stored once, and a membership is an
/// entry of 24 bytes with its user and a pointer in its room's list. Both are sorted by name.
class roster_state {
 public:
  struct membership {
    std::int64_t since_ms = 0;
    sequence since_seq = 0;
  };

  // A load: begin_load(), add() for each membership there is, end_load().
  void begin_load() noexcept { ++load_; }
  /// Removes what has not been added since begin_load(), and returns it.
  std::vector<cluster::roster_entry> end_load();

  /// False when there was such a membership; it stays as it was.
  bool add(const cluster::roster_entry& entry);
  /// False when there was none. What `entry` says of its beginning does not matter.
  bool remove(const cluster::roster_entry& entry);

  /// Memberships.
  std::size_t size() const noexcept { return size_; }
  std::optional<membership> find(const tenant_id& tenant, std::string_view user,
                                 std::string_view room) const;
  /// In order of the rooms' names.
  std::vector<cluster::roster_entry> rooms_of(const tenant_id& tenant, std::string_view user) const;
  /// Members of a room in name order, after `after`.
  std::vector<cluster::roster_entry> members_of(const tenant_id& tenant, std::string_view room,
                                                std::string_view after, std::size_t limit) const;

 private:
  struct hash_text {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class Value>
  using by_name = std::unordered_map<std::string, Value, hash_text, std::equal_to<>>;

  struct room_record;
  using room_node = by_name<room_record>::value_type;
  struct room_entry {
    room_node* room;
    sequence since_seq;
    std::int64_t since_ms : 56;
    std::uint64_t load : 8;  ///< the last one that had it
  };
  static_assert(sizeof(room_entry) == 24);
  using user_node = roster_user<room_entry>;  ///< lives as long as it has an entry
  struct room_record {
    name_list<user_node> users;
  };
  struct tenant_record {
    tenant_record() = default;
    tenant_record(const tenant_record&) = delete;
    tenant_record& operator=(const tenant_record&) = delete;
    ~tenant_record();

    node_table<user_node> users;  ///< which it owns
    by_name<room_record> rooms;
  };

  /// Where the room's entry is, or would be.
  static std::size_t place(std::span<const room_entry> in, std::string_view room);
  static const room_entry* entry_of(const user_node& user, std::string_view room);
  static void leave(tenant_record& tenant, room_node& room, std::string_view user);
  const tenant_record* tenant_of(const tenant_id& tenant) const;

  by_name<tenant_record> tenants_;
  std::size_t size_ = 0;
  std::uint8_t load_ = 0;
};

}  // namespace starling::actors
