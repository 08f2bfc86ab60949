// One request and its answer: what is ours of the HTTP path beside Beast's own containers.
#include <benchmark/benchmark.h>

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/serializer.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <stdexcept>
#include <string>

#include "net/http/http_response.hpp"
#include "net/http/request_parser.hpp"
#include "tests/bench/allocations.hpp"
#include "tests/bench/samples.hpp"

namespace starling::bench {
namespace {

namespace http = boost::beast::http;

double rounds(const benchmark::State& state) { return static_cast<double>(state.iterations()); }

const std::string token(300, 't');

/// range(0): 0 a connect, 1 a publish.
std::string sample_request(std::int64_t which) {
  if (which == 0)
    return "GET /events?rooms=lobby,orders%2F42&device=phone HTTP/1.1\r\nHost: live.example.com\r\n"
           "Accept: text/event-stream\r\nAccept-Encoding: gzip, deflate, br\r\n"
           "Accept-Language: en-US,en;q=0.9\r\nCache-Control: no-cache\r\n"
           "Connection: keep-alive\r\nOrigin: https://app.example.com\r\n"
           "Referer: https://app.example.com/\r\nSec-Fetch-Mode: cors\r\n"
           "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/120\r\n"
           "Authorization: Bearer " +
           token + "\r\n\r\n";
  const auto body =
      R"({"room":"orders/eu/42","event":"order.changed","data":)" + sample_data() + "}";
  return "POST /api/publish HTTP/1.1\r\nHost: live.example.com\r\n"
         "Content-Type: application/json\r\nAuthorization: Bearer " +
         token + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

void request_ours(benchmark::State& state) {
  const auto bytes = sample_request(state.range(0));
  net::http_request request;  // a connection's, used again
  const allocation_meter heap;
  for (auto _ : state) {
    net::request_parser parser(request, 16 * 1024, 8 * 1024 * 1024);
    std::string_view left = bytes;
    while (!parser.is_done()) {
      const auto used = parser.feed(left);
      if (!used) throw std::runtime_error("the sample is refused: " + used.error().message);
      left.remove_prefix(*used);
    }
    benchmark::DoNotOptimize(request.get(net::header::authorization));
    benchmark::DoNotOptimize(request.target.data());
  }
  heap.report(state, "allocs/request", rounds(state));
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes"] = sizeof(net::request_parser) + sizeof(net::http_request);
}
BENCHMARK(request_ours)->Arg(0)->Arg(1);

void request_beast(benchmark::State& state) {
  const auto bytes = sample_request(state.range(0));
  boost::beast::flat_buffer buffer;  // a connection's, used again
  buffer.reserve(4096);
  const allocation_meter heap;
  for (auto _ : state) {
    http::request_parser<http::string_body> parser;
    parser.eager(true);
    parser.body_limit(8 * 1024 * 1024);
    buffer.commit(
        boost::asio::buffer_copy(buffer.prepare(bytes.size()), boost::asio::buffer(bytes)));
    boost::beast::error_code ec;
    while (!parser.is_done()) {
      const auto used = parser.put(buffer.data(), ec);
      if (ec && ec != http::error::need_more) throw std::runtime_error(ec.message());
      buffer.consume(used);
    }
    benchmark::DoNotOptimize(parser.get()[http::field::authorization]);
    benchmark::DoNotOptimize(parser.get().target());
  }
  heap.report(state, "allocs/request", rounds(state));
  state.SetItemsProcessed(state.iterations());
  state.counters["bytes"] =
      sizeof(http::request_parser<http::string_body>) + sizeof(boost::beast::flat_buffer);
}
BENCHMARK(request_beast)->Arg(0)->Arg(1);

const std::string answer_body = R"({"id":"01jd2x7k0s8w5c9m3n4p6q8r0t","position":"l3x0k2-9f"})";

void answer_ours(benchmark::State& state) {
  std::string head;  // a connection's, used again
  net::request_ids ids;
  ids.set(std::nullopt, std::nullopt);
  const allocation_meter heap;
  for (auto _ : state) {
    net::http_response out;
    out.body = answer_body;
    head.clear();
    net::append_head(head, out, {.allow_origin = "https://app.example.com", .vary = true}, ids,
                     true, true);
    benchmark::DoNotOptimize(head.data());
  }
  heap.report(state, "allocs/answer", rounds(state));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(answer_ours);

void answer_beast(benchmark::State& state) {
  std::string sink;
  const allocation_meter heap;
  for (auto _ : state) {
    http::response<http::string_body> out(http::status::ok, 11);
    out.set(http::field::content_type, "application/json");
    out.set(http::field::access_control_allow_origin, "https://app.example.com");
    out.set(http::field::access_control_expose_headers, "X-Client-ID, Retry-After");
    out.set(http::field::vary, "Origin");
    out.body() = answer_body;
    out.prepare_payload();
    http::response_serializer<http::string_body> serializer(out);
    sink.clear();
    boost::beast::error_code ec;
    while (!serializer.is_done()) {
      serializer.next(ec, [&](boost::beast::error_code&, const auto& buffers) {
        for (const auto& one : boost::beast::buffers_range_ref(buffers))
          sink.append(static_cast<const char*>(one.data()), one.size());
        serializer.consume(boost::asio::buffer_size(buffers));
      });
    }
    benchmark::DoNotOptimize(sink.data());
  }
  heap.report(state, "allocs/answer", rounds(state));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(answer_beast);

}  // namespace
}  // namespace starling::bench
