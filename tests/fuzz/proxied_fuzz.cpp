/// What proxies, and whoever plays one, say about their clients: PROXY headers, X-Forwarded-For,
/// Forwarded, ids.
#include "net/base/trace.hpp"
#include "net/http/request_ids.hpp"
#include "net/http/trusted_proxies.hpp"
#include "net/io/proxy_header.hpp"
#include "tests/fuzz/fuzz.hpp"

using namespace starling;
using fuzz::require;

namespace {

void check_proxy_header(std::string_view bytes) {
  using state = net::proxy_header::state;
  const auto read = net::read_proxy_header(bytes);
  if (read.found == state::complete) {
    require(read.size > 0 && read.size <= bytes.size(), "a header is a part of what came");
    require(read.size <= net::max_proxy_header, "a header is not longer than is read");
    require(net::read_proxy_header(bytes.substr(0, read.size)).size == read.size,
            "what follows a header does not change it");
  }
  require(read.found == state::complete || !read.source, "only a whole header names somebody");
  // It may come in pieces: as long as it is incomplete nothing else can have been seen.
  for (std::size_t size = 0; size < bytes.size() && size < 24; ++size) {
    const auto part = net::read_proxy_header(bytes.substr(0, size));
    if (part.found == state::none)
      require(read.found == state::none, "what is no header stays none");
  }
  if (read.found == state::incomplete)
    require(bytes.size() < net::max_proxy_header, "nobody is waited for without end");
}

}  // namespace

void fuzz(std::string_view bytes) {
  check_proxy_header(bytes);
  const auto list = fuzz::take_until(bytes, '\n');
  static const net::trusted_proxies none;
  static const net::trusted_proxies some({"10.0.0.0/8", "2001:db8::/32", "192.0.2.1"});
  for (const auto* proxies : {&none, &some}) {
    (void)net::forwarded(list, *proxies);
    const auto client = net::forwarded_for(list, *proxies);
    if (client && proxies == &none) {
      const auto text = net::parse_forwarded_address(client->address().to_string());
      require(text && text->address() == client->address(), "an address reads as it is written");
    }
  }
  if (net::trusted_proxies::check_entry(list)) {
    const net::trusted_proxies one({std::string(list)});
    const auto address = list.substr(0, list.find('/'));
    const auto parsed = net::parse_forwarded_address(address);
    require(!parsed || one.contains(parsed->address()), "a network holds its own address");
  }
  net::request_ids ids;
  ids.set(list, bytes);
  require(net::valid_request_id(ids.request_id), "a request id can stand in a header");
  require(valid_traceparent(ids.traceparent), "a traceparent can stand in a header");
}
