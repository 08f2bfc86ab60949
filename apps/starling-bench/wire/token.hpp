/// Tokens the program signs for its own users.
#pragma once

#include <string>
#include <string_view>

namespace starling::bench {

/// A JWT (HS256) over `claims`, compact JSON, signed with `secret`. Any thread.
std::string sign_token(std::string_view secret, std::string_view claims);

/// Claims of a session: may join rooms that start with `prefix`, publishes nothing.
/// `expires`: seconds since 1970.
std::string session_claims(std::string_view user, std::string_view prefix, long expires);

/// Claims of the publishers: everything in `tenant`; when it is empty, everything everywhere.
std::string publisher_claims(std::string_view user, std::string_view tenant, long expires);

}  // namespace starling::bench
