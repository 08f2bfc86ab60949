/// The event that all benchmarks use: 200 bytes of data in a room, as `starling-bench` sends it.
#pragma once

#include <string>

#include "net/base/event.hpp"

namespace starling::bench {

inline std::string sample_data() {
  return R"({"n":1234567,"t":1234567890123456789,"x":")" + std::string(155, 'x') + "\"}";
}

inline event sample_event() {
  event out;
  out.channel = room_channel(tenant_id{"default"}, "orders/eu/42");
  out.id = "01j9z3k8m2p4q6r8s0t2v4w6x8";
  out.name = "order.changed";
  out.data = sample_data();
  out.accepted_ns = 1'750'000'000'000'000'000;
  out.sender = "backend";
  return out;
}

}  // namespace starling::bench
