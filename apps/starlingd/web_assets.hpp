/// The pages `/` and `/admin` with their parts, embedded at build time from `web/`,
/// as they are and gzipped.
#pragma once

#include <vector>

#include "net/front/http_server.hpp"

namespace starling::app {

/// A file is served as `/web/` and its path in `web/`, those named index.html as the pages. What is
/// below `web/admin/` exists on the admin listener only. Written by
/// scripts/cmake/web_assets.cpp.in.
std::vector<net::static_asset> web_assets();

}  // namespace starling::app
