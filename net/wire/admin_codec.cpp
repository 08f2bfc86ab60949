#include "net/wire/admin_codec.hpp"

#include <nlohmann/json.hpp>
#include <string_view>

#include "net/wire/admin_fields.hpp"

namespace starling::net {

namespace {

using json = nlohmann::ordered_json;

template <administrative T>
void write(json& out, const T& from) {
  out = json::object();
  each_field(from, [&out](const char* name, const auto& value) { out[name] = value; });
}

}  // namespace

void to_json(json& out, const node_info& from) {
  write(out, from);
  out.erase("engine_kind");
  out.erase("engine_connected");
  out["engine"] = {{"kind", from.engine_kind}, {"connected", from.engine_connected}};
}
void to_json(json& out, const partition_info& from) { write(out, from); }
void to_json(json& out, const session_info& from) {
  write(out, from);
  if (from.detail.empty())
    out.erase("detail");
  else
    out["detail"] = json::parse(from.detail, nullptr, false);
}
void to_json(json& out, const node_stats& from) { write(out, from); }
void to_json(json& out, const presence_user& from) { write(out, from); }

}  // namespace starling::net
