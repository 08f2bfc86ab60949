/// How many connections each source address has, for limits.connections_per_address.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace starling::net {

/// Any thread; a lock held for some hundred nanoseconds.
class address_counts {
 public:
  /// One connection, counted until the last copy of `held` is gone. `place`: how many there are
  /// with it.
  struct slot {
    std::shared_ptr<const void> held;
    std::size_t place = 0;
  };
  slot take(const boost::asio::ip::address& from);
  /// Addresses with connections.
  std::size_t size() const;

 private:
  struct table {
    std::mutex mutex;
    std::map<boost::asio::ip::address, std::size_t> counts;
  };
  const std::shared_ptr<table> table_ = std::make_shared<table>();
};

}  // namespace starling::net
