#include "apps/starling-bench/wire/token.hpp"

#include <stdexcept>

#include "net/auth/sign.hpp"

namespace starling::bench {

std::string sign_token(std::string_view secret, std::string_view claims) {
  auto token = net::sign_hs256(claims, secret);
  if (!token) throw std::runtime_error("signing a token: " + token.error().message);
  return std::move(*token);
}

std::string session_claims(std::string_view user, std::string_view prefix, long expires) {
  std::string claims = R"({"sub":")";
  claims.append(user).append(R"(","rooms":[")").append(prefix);
  claims.append(R"(*"],"publish":[],"admin":false,"exp":)").append(std::to_string(expires));
  return claims += '}';
}

std::string publisher_claims(std::string_view user, std::string_view tenant, long expires) {
  std::string claims = R"({"sub":")";
  claims.append(user).append("\",");
  if (!tenant.empty()) claims.append(R"("tenant":")").append(tenant).append("\",");
  claims.append(R"("rooms":[],"publish":true,"admin":true,"exp":)");
  return claims.append(std::to_string(expires)) += '}';
}

}  // namespace starling::bench
