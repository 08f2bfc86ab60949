#include "net/io/proxy_header.hpp"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <string>

namespace starling::net {

namespace asio = boost::asio;
using asio::ip::tcp;

namespace {

using state = proxy_header::state;

constexpr std::string_view first_signature = "PROXY ";
constexpr std::string_view second_signature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t longest_line = 107;  // the specification's
constexpr std::size_t fixed_part = 16;     // of version 2

proxy_header bad(const char* why) { return {.found = state::bad, .complaint = why}; }

/// Up to the next space; `line` loses it and the space.
std::string_view next_word(std::string_view& line) {
  const auto space = line.find(' ');
  const auto out = line.substr(0, space);
  line.remove_prefix(space == line.npos ? line.size() : space + 1);
  return out;
}

std::optional<asio::ip::address> address_in(std::string_view text, bool v6) {
  boost::system::error_code failed;
  const auto out = asio::ip::make_address(std::string(text), failed);
  if (failed || out.is_v6() != v6 || text.find('%') != text.npos) return std::nullopt;
  return out;
}

std::optional<std::uint16_t> port_in(std::string_view text) {
  std::uint16_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

/// `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443`, CR and LF.
proxy_header read_line(std::string_view bytes) {
  const auto end = bytes.substr(0, longest_line).find("\r\n");
  if (end == bytes.npos) {
    if (bytes.size() >= longest_line) return bad("its line has no end");
    return {.found = state::incomplete};
  }
  proxy_header out{.found = state::complete, .size = end + 2};
  auto line = bytes.substr(first_signature.size(), end - first_signature.size());
  const auto family = next_word(line);
  if (family == "UNKNOWN") return out;
  if (family != "TCP4" && family != "TCP6") return bad("its family must be TCP4, TCP6 or UNKNOWN");
  const bool v6 = family == "TCP6";
  const auto source = address_in(next_word(line), v6);
  const auto destination = address_in(next_word(line), v6);
  const auto source_port = port_in(next_word(line));
  const auto destination_port = port_in(line);
  if (!source || !destination || !source_port || !destination_port)
    return bad("two addresses of its family and two ports must follow");
  out.source = tcp::endpoint(*source, *source_port);
  return out;
}

unsigned byte_at(std::string_view bytes, std::size_t i) {
  return static_cast<unsigned char>(bytes[i]);
}

template <class Address>
Address address_at(std::string_view bytes, std::size_t start) {
  typename Address::bytes_type out;
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<unsigned char>(byte_at(bytes, start + i));
  return Address(out);
}

proxy_header read_block(std::string_view bytes) {
  if (bytes.size() < fixed_part) return {.found = state::incomplete};
  const auto command = byte_at(bytes, 12);
  if (command != 0x20 && command != 0x21)
    return bad(
        "its version and command must be 2, LOCAL or "
        "PROXY");
  const auto length = byte_at(bytes, 14) << 8 | byte_at(bytes, 15);
  proxy_header out{.found = state::complete, .size = fixed_part + length};
  if (out.size > max_proxy_header) return bad("it is longer than this node reads");
  if (bytes.size() < out.size) return {.found = state::incomplete};
  if (command == 0x20) return out;
  const auto family = byte_at(bytes, 13);
  const auto read = [&]<class Address>(std::size_t size) {
    const auto port_at = fixed_part + 2 * size;
    const auto port = byte_at(bytes, port_at) << 8 | byte_at(bytes, port_at + 1);
    out.source =
        tcp::endpoint(address_at<Address>(bytes, fixed_part), static_cast<std::uint16_t>(port));
  };
  if (family == 0x11) {
    if (length < 12) return bad("it is too short for two IPv4 addresses and ports");
    read.operator()<asio::ip::address_v4>(4);
  } else if (family == 0x21) {
    if (length < 36) return bad("it is too short for two IPv6 addresses and ports");
    read.operator()<asio::ip::address_v6>(16);
  }
  return out;
}

bool begins_like(std::string_view bytes, std::string_view signature) {
  const auto size = std::min(bytes.size(), signature.size());
  return bytes.substr(0, size) == signature.substr(0, size);
}

}  // namespace

proxy_header read_proxy_header(std::string_view bytes) {
  if (begins_like(bytes, first_signature))
    return bytes.size() < first_signature.size() ? proxy_header{.found = state::incomplete}
                                                 : read_line(bytes);
  if (begins_like(bytes, second_signature)) return read_block(bytes);
  return {};
}

}  // namespace starling::net
