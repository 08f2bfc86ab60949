#include "net/front/address_counts.hpp"

namespace starling::net {

address_counts::slot address_counts::take(const boost::asio::ip::address& from) {
  std::size_t place = 0;
  {
    const std::scoped_lock lock(table_->mutex);
    place = ++table_->counts[from];
  }
  const auto leave = [table = table_, from](const void*) {
    const std::scoped_lock lock(table->mutex);
    const auto at = table->counts.find(from);
    if (--at->second == 0) table->counts.erase(at);
  };
  return {std::shared_ptr<const void>(this, leave), place};
}

std::size_t address_counts::size() const {
  const std::scoped_lock lock(table_->mutex);
  return table_->counts.size();
}

}  // namespace starling::net
