// Events to bytes and back: what one event costs however many receive it.
#include <benchmark/benchmark.h>

#include <array>
#include <stdexcept>
#include <string>

#include "cluster/envelope.hpp"
#include "net/base/cursor.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"
#include "tests/bench/allocations.hpp"
#include "tests/bench/samples.hpp"

namespace starling::bench {
namespace {

double rounds(const benchmark::State& state) { return static_cast<double>(state.iterations()); }

constexpr auto native_formats = static_cast<std::size_t>(net::wire_format::foreign);

void encode_event(benchmark::State& state) {
  using net::wire_format;
  constexpr std::array<const char*, native_formats> names{"sse_named", "sse_envelope",
                                                          "sse_message", "sse_both", "ws_json"};
  const auto which = static_cast<std::size_t>(state.range(0));
  const auto event = sample_event();
  const auto id = cursor{0x1234567890, 1'234'567}.str();
  const allocation_meter heap;
  for (auto _ : state)
    benchmark::DoNotOptimize(net::encode_event(static_cast<wire_format>(which), event, id));
  heap.report(state, "allocs/event", rounds(state));
  state.SetLabel(names[which]);
}
BENCHMARK(encode_event)->DenseRange(0, native_formats - 1);

std::string publish_item() {
  return R"({"room":"orders/eu/42","event":"order.changed","data":)" + sample_data() + "}";
}

/// range(0): events in the body.
void parse_publish(benchmark::State& state) {
  const auto items = state.range(0);
  std::string body = publish_item();
  for (auto i = items; i > 1; --i) body += ',' + publish_item();
  if (items > 1) body = '[' + body + ']';
  const net::publish_limits limits;
  const auto accepted = net::parse_publish(body, false, limits);
  if (!accepted || accepted->items.size() != static_cast<std::size_t>(items) || !accepted->items[0])
    throw std::runtime_error("parse_publish: the sample is refused");
  const allocation_meter heap;
  for (auto _ : state) benchmark::DoNotOptimize(net::parse_publish(body, false, limits));
  heap.report(state, "allocs/event", rounds(state) * static_cast<double>(items));
  state.SetItemsProcessed(state.iterations() * items);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(parse_publish)->Arg(1)->Arg(100);

void envelope_encode(benchmark::State& state) {
  const auto event = sample_event();
  const allocation_meter heap;
  for (auto _ : state) benchmark::DoNotOptimize(cluster::encode(event));
  heap.report(state, "allocs/event", rounds(state));
}
BENCHMARK(envelope_encode);

void envelope_decode(benchmark::State& state) {
  const auto bytes = cluster::encode(sample_event());
  if (!cluster::decode(bytes)) throw std::runtime_error("envelope_decode: the sample is refused");
  const allocation_meter heap;
  for (auto _ : state) benchmark::DoNotOptimize(cluster::decode(bytes));
  heap.report(state, "allocs/event", rounds(state));
}
BENCHMARK(envelope_decode);

}  // namespace
}  // namespace starling::bench
