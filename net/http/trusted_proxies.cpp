#include "net/http/trusted_proxies.hpp"

#include <algorithm>
#include <charconv>

#include "net/base/ascii.hpp"
#include "net/http/forwarded_header.hpp"
#include "net/http/http_request.hpp"

namespace starling::net {

namespace asio = boost::asio;

namespace {

using bytes16 = asio::ip::address_v6::bytes_type;

/// No zone (`%eth0`): that is of the machine that wrote it.
std::optional<ip_address> parse_address(std::string_view text) {
  constexpr std::size_t longest = 45;
  if (text.empty() || text.size() > longest || text.find('%') != text.npos) return std::nullopt;
  boost::system::error_code failed;
  auto out = asio::ip::make_address(std::string(text), failed);
  if (failed) return std::nullopt;
  return out;
}

ip_address plain(const ip_address& address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
  return address;
}

bytes16 bytes_of(const ip_address& address) {
  bytes16 out{};
  if (address.is_v6()) return address.to_v6().to_bytes();
  const auto four = address.to_v4().to_bytes();
  std::copy(four.begin(), four.end(), out.begin());
  return out;
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
  return failed == std::errc() && end == text.data() + text.size();
}

/// What stands after the last comma; `list` loses it, and is none after the first.
std::string_view last_part(std::optional<std::string_view>& list) {
  const auto comma = list->rfind(',');
  const auto out = trimmed(comma == list->npos ? *list : list->substr(comma + 1));
  if (comma == list->npos)
    list.reset();
  else
    list = list->substr(0, comma);
  return out;
}

/// `next`: the next address from the right; nullopt: there is no more.
template <class Next>
std::optional<ip_endpoint> rightmost_stranger(const trusted_proxies& trusted, Next next) {
  std::optional<ip_endpoint> out;
  while (const auto text = next()) {
    out = parse_forwarded_address(*text);
    if (!out || !trusted.contains(out->address())) break;
  }
  return out;
}

/// `_p1`, for a port that is not told (RFC 7239 section 6.3).
bool is_hidden_port(std::string_view text) noexcept {
  return text.size() > 1 && text.front() == '_' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return ascii_alnum(c) || c == '.' || c == '_' || c == '-'; });
}

}  // namespace

std::optional<trusted_proxies::network> trusted_proxies::parse(std::string_view entry) {
  const auto slash = entry.find('/');
  const auto address = parse_address(entry.substr(0, slash));
  if (!address) return std::nullopt;
  network out;
  out.v6 = address->is_v6();
  const unsigned most = out.v6 ? 128 : 32;
  out.bits = most;
  if (slash != entry.npos && (!read_number(entry.substr(slash + 1), out.bits) || out.bits > most))
    return std::nullopt;
  if (const auto as_v4 = plain(*address); as_v4.is_v4() && out.v6) {
    constexpr unsigned mapped = 96;  // bits that say so
    if (out.bits < mapped) return std::nullopt;
    out.v6 = false;
    out.bits -= mapped;
  }
  out.first = bytes_of(plain(*address));
  for (unsigned bit = out.bits; bit < 128; ++bit)
    out.first[bit / 8] &= static_cast<unsigned char>(~(0x80u >> bit % 8));
  return out;
}

trusted_proxies::trusted_proxies(const std::vector<std::string>& networks) {
  for (const auto& entry : networks)
    if (const auto one = parse(entry)) networks_.push_back(*one);
}

result<void> trusted_proxies::check_entry(std::string_view entry) {
  if (parse(entry)) return {};
  return error{errc::malformed, "\"" + std::string(entry) +
                                    "\" is no network such as 10.0.0.0/8, 2001:db8::/32 or "
                                    "192.0.2.1"};
}

bool trusted_proxies::contains(const ip_address& address) const noexcept {
  if (networks_.empty()) return false;
  const auto one = plain(address);
  const auto bytes = bytes_of(one);
  return std::any_of(networks_.begin(), networks_.end(), [&](const network& of) {
    if (of.v6 != one.is_v6()) return false;
    const auto whole = of.bits / 8;
    if (!std::equal(bytes.begin(), bytes.begin() + whole, of.first.begin())) return false;
    const auto rest = of.bits % 8;
    return rest == 0 || ((bytes[whole] ^ of.first[whole]) & (0xFFu << (8 - rest)) & 0xFFu) == 0;
  });
}

std::optional<ip_endpoint> parse_forwarded_address(std::string_view text) {
  std::string_view host = text;
  std::string_view port;
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == text.npos) return std::nullopt;
    host = text.substr(1, end - 1);
    port = text.substr(end + 1);
    if (!port.empty() && (!port.starts_with(':') || port.size() == 1)) return std::nullopt;
    if (host.find(':') == host.npos) return std::nullopt;
  } else if (const auto colon = text.find(':');
             colon != text.npos && text.find(':', colon + 1) == text.npos) {
    host = text.substr(0, colon);
    port = text.substr(colon);
    if (port.size() == 1) return std::nullopt;
  }
  std::uint16_t number = 0;
  if (!port.empty() && !is_hidden_port(port.substr(1)) && !read_number(port.substr(1), number))
    return std::nullopt;
  const auto address = parse_address(host);
  if (!address) return std::nullopt;
  return ip_endpoint(plain(*address), number);
}

std::optional<ip_endpoint> forwarded_for(std::string_view header, const trusted_proxies& trusted) {
  std::optional<std::string_view> left = header;
  return rightmost_stranger(trusted, [&]() -> std::optional<std::string_view> {
    while (left)
      if (const auto part = last_part(left); !part.empty()) return part;
    return std::nullopt;
  });
}

std::optional<ip_endpoint> forwarded(std::string_view header, const trusted_proxies& trusted) {
  const auto elements = parse_forwarded(header);
  if (!elements) return std::nullopt;
  auto at = elements->rbegin();
  return rightmost_stranger(trusted, [&]() -> std::optional<std::string_view> {
    if (at == elements->rend()) return std::nullopt;
    const auto& client = (at++)->client;
    return client ? std::string_view(*client) : std::string_view();  // which is no address
  });
}

}  // namespace starling::net
