/// The admin API over HTTP: JSON in and out, failures as exit codes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "apps/starlingctl/client/failure.hpp"
#include "apps/starlingctl/client/options.hpp"
#include "apps/starlingctl/output/json_view.hpp"

namespace starling::ctl {

/// Any answer, also one that says no.
struct reply {
  int status = 0;
  json body;                 ///< null when the body is not JSON
  std::int64_t date_ms = 0;  ///< the server's `Date`, 0 when it sends none
};

/// One server. Blocks; one thread.
class client {
 public:
  explicit client(target destination);
  ~client();
  client(client&&) noexcept;

  const target& destination() const noexcept { return destination_; }

  /// The answer as it is. Throws failure(unreachable) when there is none.
  reply ask(const std::string& method, const std::string& path, const std::string& body = {});
  /// The JSON of a 2xx answer. Throws failure with the exit code that fits anything else.
  json call(const std::string& method, const std::string& path, const std::string& body = {});
  json get(const std::string& path) { return call("GET", path); }
  /// All pages of a list, or one page of `limit` entries from `after` when either is given.
  /// `rows` is the name of the list in the answer.
  json list(const std::string& path, const char* rows, const std::string& limit = {},
            const std::string& after = {});

  /// Reads an event stream until it ends or `on_bytes` answers false; that is also called with
  /// nothing once a second. Throws failure(unreachable) when the connection fails or breaks, and
  /// like `call` for a status that is not 200.
  void stream(const std::string& path, const std::string& last_event_id,
              const std::function<bool(std::string_view)>& on_bytes);

 private:
  struct impl;
  target destination_;
  std::unique_ptr<impl> impl_;
};

/// What a refusal means: 401 and 403 unauthorized, 404 not_found, everything else failed.
exit_code exit_code_for(int http_status) noexcept;
/// The sentence for a refusal: the server's message and, for 401 and 403, what to do.
std::string refusal_text(const target& destination, const std::string& request, int status,
                         const json& body);

}  // namespace starling::ctl
