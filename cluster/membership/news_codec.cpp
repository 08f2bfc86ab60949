#include "cluster/membership/news_codec.hpp"

#include "net/wire/json_reader.hpp"

namespace starling::cluster {

namespace {

/// Null is as good as absent. False when it is no name.
bool read_name(net::json_reader& in, std::string& out) {
  out.clear();
  switch (in.peek()) {
    case net::json_kind::string: return in.read_string(out);
    case net::json_kind::number: return in.read_compact(out);
    case net::json_kind::null: return in.skip();
    default: return false;
  }
}

}  // namespace

result<membership_news> parse_membership_news(std::string_view payload) {
  membership_news out;
  if (payload.find_first_not_of(" \t\r\n") == payload.npos) return out;
  net::json_reader in(payload);
  if (in.peek() != net::json_kind::object)
    return error{errc::malformed, "expected {\"user\"?, \"room\"?, \"tenant\"?} or nothing"};
  in.enter();
  std::string name;
  std::string tenant;
  while (in.next_member(name)) {
    auto* const into = name == "user"     ? &out.user
                       : name == "room"   ? &out.room
                       : name == "tenant" ? &tenant
                                          : nullptr;
    if (!into)
      in.skip();
    else if (!read_name(in, *into))
      return error{errc::malformed, name + " must be a name"};
  }
  if (in.failed() || !in.finish()) return error{errc::malformed, in.failure()};
  out.tenant = tenant_id(std::move(tenant));
  return out;
}

}  // namespace starling::cluster
