// Files served as they are.
#include <openssl/sha.h>

#include <array>

#include "net/base/hex.hpp"
#include "net/front/http_handlers.hpp"

namespace starling::net {

namespace {

struct served_asset {
  static_asset file;
  std::string etag;          ///< quoted
  std::string gzipped_etag;  ///< of the other form
  std::string policy;
};

/// Scripts and styles are files of this node; whatever else got into a page does nothing.
constexpr std::string_view page_policy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; connect-src 'self'";
/// When its node is gone the admin page asks the others' /livez, to move to one that is there.
constexpr std::string_view admin_connects = " http: https:";

std::string etag_of(std::string_view content) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data());
  std::string out = "\"";
  for (std::size_t i = 0; i < 12; ++i) append_hex(out, digest[i]);
  return out += '"';
}

/// Does an If-None-Match list hold `etag`? Weak comparison.
bool has_etag(std::string_view list, std::string_view etag) noexcept {
  return list == "*" || list.find(etag) != list.npos;
}

void handle_asset(http_session& session, const served_asset& asset) {
  http_response out;
  const auto& request = session.exchange().request;
  const bool gzipped =
      !asset.file.gzipped.empty() && accepts_coding(request.get(header::accept_encoding), "gzip");
  const auto& etag = gzipped ? asset.gzipped_etag : asset.etag;
  out.headers = "ETag: " + etag + "\r\nCache-Control: no-cache\r\n";
  if (!asset.file.gzipped.empty()) out.headers += "Vary: Accept-Encoding\r\n";
  append_page_guards(out.headers, asset.policy);
  if (has_etag(request.get(header::if_none_match).value_or(""), etag)) {
    out.status = 304;
  } else {
    out.content_type = asset.file.content_type;
    out.fixed_body = gzipped ? asset.file.gzipped : asset.file.content;
    if (gzipped) out.headers += "Content-Encoding: gzip\r\n";
  }
  session.answer(std::move(out));
}

}  // namespace

std::vector<route> asset_routes(std::vector<static_asset> assets) {
  std::vector<route> out;
  for (auto& file : assets) {
    auto path = file.path;
    const bool admin_only = file.admin_only;
    const auto asset = std::make_shared<served_asset>(served_asset{std::move(file), {}, {}, {}});
    asset->etag = etag_of(asset->file.content);
    asset->gzipped_etag = etag_of(asset->file.gzipped);
    asset->policy = page_policy;
    if (admin_only) asset->policy += admin_connects;
    out.push_back({.path = std::move(path),
                   .run = [asset](auto session) { handle_asset(*session, *asset); },
                   .admin_listener_only = admin_only});
  }
  return out;
}

}  // namespace starling::net
