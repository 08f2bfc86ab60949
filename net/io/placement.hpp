/// Which loop gets a new connection.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace starling::net {

/// The kernel spreads connections over the loops by chance and evenly; loops that have other work
/// as well should get fewer. So a connection stays on the loop it came to unless that one is ahead
/// of its share. Any thread, no locks: two that come at one moment may both see room for one.
class placement {
 public:
  /// `shares`: one per loop, in any unit, at least one of them above 0. A loop of share 0 gets
  /// none.
  explicit placement(const std::vector<double>& shares);

  bool has_share(std::size_t loop) const noexcept;
  /// For a connection that comes to loop `at`: the loop that shall have it.
  std::size_t choose(std::size_t at) const noexcept;
  /// That loop has got it.
  void placed(std::size_t loop) noexcept;

 private:
  struct alignas(64) loop {
    std::atomic<std::uint64_t> placed{0};
    double cost = 0;  ///< of one connection; infinite without a share
  };
  /// How many of an average loop's connections one may be ahead by before others get them.
  static constexpr double slack = 2;

  double reached(const loop& of) const noexcept;

  const std::size_t count_;
  const std::unique_ptr<loop[]> loops_;
};

}  // namespace starling::net
