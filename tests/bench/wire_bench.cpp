// Events to bytes and back: what one event costs however many receive it.
#include <benchmark/benchmark.h>

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>

#include "cluster/envelope.hpp"
#include "net/base/cursor.hpp"
#include "net/wire/codec.hpp"
#include "net/wire/encoders.hpp"
#include "net/wire/ws_frame.hpp"
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

/// The same of one item by a tree of nlohmann: what it says, and its data as compact text.
void parse_publish_tree(benchmark::State& state) {
  const auto body = publish_item();
  const allocation_meter heap;
  for (auto _ : state) {
    const auto item = nlohmann::json::parse(body);
    benchmark::DoNotOptimize(item.at("room").get<std::string>());
    benchmark::DoNotOptimize(item.at("event").get<std::string>());
    benchmark::DoNotOptimize(item.at("data").dump());
  }
  heap.report(state, "allocs/event", rounds(state));
}
BENCHMARK(parse_publish_tree);

/// A client's masked text frame of a publish command's size, as it came.
std::string masked_frame() {
  const auto text = publish_item();
  std::array<char, net::max_ws_header> header{};
  const auto size = net::write_ws_header(net::ws_opcode::text, text.size(), header);
  std::string out(header.data(), size);
  out[1] = static_cast<char>(out[1] | 0x80);
  constexpr std::string_view mask = "\x12\x34\x56\x78";
  out += mask;
  for (std::size_t i = 0; i < text.size(); ++i)
    out += static_cast<char>(text[i] ^ mask[i % mask.size()]);
  return out;
}

void ws_read_ours(benchmark::State& state) {
  const auto bytes = masked_frame();
  net::ws_parser parser(65536);
  const allocation_meter heap;
  for (auto _ : state) {
    std::string_view in = bytes;
    if (parser.next(in) != net::ws_found::text) throw std::runtime_error("ws_read_ours: no text");
    benchmark::DoNotOptimize(parser.payload());
  }
  heap.report(state, "allocs/message", rounds(state));
  state.counters["bytes/connection"] = sizeof(net::ws_parser);
}
BENCHMARK(ws_read_ours);

/// A connection that is given the same bytes again and again, and takes all that is written.
struct endless_stream {
  using executor_type = boost::asio::io_context::executor_type;
  executor_type get_executor() { return context->get_executor(); }
  template <class Buffers>
  std::size_t read_some(const Buffers& into, boost::system::error_code& failure) {
    failure = {};
    if (at == bytes->size()) at = 0;
    const auto n = boost::asio::buffer_copy(into, boost::asio::buffer(*bytes) + at);
    at += n;
    return n;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& into) {
    boost::system::error_code none;
    return read_some(into, none);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& from, boost::system::error_code& failure) {
    failure = {};
    return boost::asio::buffer_size(from);
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& from) {
    boost::system::error_code none;
    return write_some(from, none);
  }

  boost::asio::io_context* context;
  const std::string* bytes;
  std::size_t at = 0;
};
void teardown(boost::beast::role_type, endless_stream&, boost::system::error_code&) {}

void ws_read_beast(benchmark::State& state) {
  namespace websocket = boost::beast::websocket;
  boost::asio::io_context context;
  const std::string handshake =
      "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
  const auto bytes = masked_frame();
  websocket::stream<endless_stream, false> stream(endless_stream{&context, &bytes});
  stream.accept(boost::asio::buffer(handshake));
  boost::beast::flat_buffer got;
  const allocation_meter heap;
  for (auto _ : state) {
    got.clear();
    stream.read(got);
    benchmark::DoNotOptimize(got.data().data());
  }
  heap.report(state, "allocs/message", rounds(state));
}
BENCHMARK(ws_read_beast);

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
