#include "apps/starlingctl/output/token_text.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/starlingctl/output/table.hpp"
#include "apps/starlingctl/output/text.hpp"
#include "net/base/ids.hpp"

namespace starling::ctl {
namespace {

constexpr std::int64_t leeway_ms = 60'000;  // what nodes forgive clocks that differ

/// Claims count seconds, possibly far beyond what fits in milliseconds.
std::int64_t claim_ms(const json& claims, const char* key) {
  constexpr std::int64_t year_9999_s = 253402300799;
  return std::clamp<std::int64_t>(int_at(claims, key), 0, year_9999_s) * 1000;
}

std::string token_expiry(const json& claims, std::int64_t now_ms) {
  const auto exp = claim_ms(claims, "exp");
  if (exp == 0) return "never (claim exp is missing)";
  const std::string when = utc_time(exp) + ", " + relative_time(exp, now_ms);
  return exp <= now_ms ? "EXPIRED " + when : when;
}

std::string rooms(const json& claims) {
  const auto patterns = texts_at(claims, "rooms");
  return patterns.empty() ? "those of the roster only" : joined(patterns);
}

std::string audience(const json& claims) {
  const auto several = texts_at(claims, "aud");
  return several.empty() ? text_at(claims, "aud") : joined(several);
}

std::string publish(const json& claims) {
  if (flag_at(claims, "publish")) return "to every room, user and session";
  const auto patterns = texts_at(claims, "publish");
  return patterns.empty() ? "not at all" : "to " + joined(patterns);
}

}  // namespace

std::vector<std::string> token_problems(const json& header, const json& claims,
                                        std::int64_t now_ms) {
  std::vector<std::string> problems;
  const std::string alg = text_at(header, "alg");
  if (!contains({"HS256", "EdDSA", "RS256", "ES256"}, alg)) {
    problems.push_back("algorithm \"" + alg + "\" is refused; use HS256, EdDSA, RS256 or ES256");
  }
  if (!claims.contains("exp")) {
    problems.push_back("claim exp is missing; every token must expire");
  } else if (const auto exp = claim_ms(claims, "exp"); exp + leeway_ms < now_ms) {
    problems.push_back("expired " + relative_time(exp, now_ms));
  }
  if (const auto nbf = claim_ms(claims, "nbf"); nbf > now_ms + leeway_ms) {
    problems.push_back("not valid yet: begins " + relative_time(nbf, now_ms));
  }
  const std::string sub = text_at(claims, "sub");
  if (!sub.empty() && !valid_user(sub)) {
    problems.push_back("sub is no valid user id: " + std::string(user_rule));
  }
  return problems;
}

std::string render_token(const json& header, const json& claims, std::int64_t now_ms) {
  const auto or_default = [](std::string text, const char* fallback) {
    return text.empty() ? fallback : text;
  };
  std::string out =
      fields({{"user", or_default(text_at(claims, "sub"), "no claim sub; see auth.claims.user")},
              {"tenant", or_default(text_at(claims, "tenant"), "default")},
              {"rooms", rooms(claims)},
              {"may publish", publish(claims)},
              {"administrator", flag_at(claims, "admin") ? "yes" : "no"},
              {"device", text_at(claims, "device")},
              {"issuer", text_at(claims, "iss")},
              {"audience", audience(claims)},
              {"issued", claims.contains("iat") ? utc_time(claim_ms(claims, "iat")) : ""},
              {"not before", claims.contains("nbf") ? utc_time(claim_ms(claims, "nbf")) : ""},
              {"expires", token_expiry(claims, now_ms)},
              {"algorithm", text_at(header, "alg")},
              {"key", text_at(header, "kid")},
              {"signature", "not checked"}});
  for (const std::string& problem : token_problems(header, claims, now_ms)) {
    out += "PROBLEM: " + printable(problem) + "\n";
  }
  const auto pretty = [](const json& value) {
    return value.dump(2, ' ', true, json::error_handler_t::replace);
  };
  return out + "\nheader " + pretty(header) + "\nclaims " + pretty(claims) + "\n";
}

}  // namespace starling::ctl
