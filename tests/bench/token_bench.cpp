// What a connect and an uncached POST pay for their token.
#include <benchmark/benchmark.h>

#include <stdexcept>

#include "net/auth/key_set.hpp"
#include "net/auth/sign.hpp"
#include "net/auth/token.hpp"
#include "tests/bench/allocations.hpp"

namespace starling::bench {
namespace {

constexpr std::int64_t now_s = 1'750'000'000;

void verify_hs256(benchmark::State& state) {
  const std::string secret(32, 's');
  const auto keys = net::key_set::load({.hs256_secret = secret});
  const auto token = net::sign_hs256(
      R"({"sub":"user-42","tenant":"acme","exp":1750003600,"rooms":["lobby","orders/*"],"publish":["chat/*"]})",
      secret);
  const net::token_rules rules;
  if (!keys || !token || !net::verify(*token, *keys, rules, now_s))
    throw std::runtime_error("verify_hs256: the sample token is refused");
  const allocation_meter heap;
  for (auto _ : state) benchmark::DoNotOptimize(net::verify(*token, *keys, rules, now_s));
  heap.report(state, "allocs/token", static_cast<double>(state.iterations()));
}
BENCHMARK(verify_hs256);

}  // namespace
}  // namespace starling::bench
