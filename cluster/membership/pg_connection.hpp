/// One connection to PostgreSQL whose every call has a deadline.
#pragma once

#include <libpq-fe.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "net/base/clock.hpp"
#include "net/base/result.hpp"

namespace starling::cluster {

/// One thread. After an error with broken() the connection is of no more use. Errors: timeout,
/// unavailable with what PostgreSQL says; malformed for a statement or a value that it does not
/// take.
class pg_connection {
 public:
  /// `dsn`: `host=.. dbname=..` or `postgres://..`.
  static result<std::unique_ptr<pg_connection>> open(const std::string& dsn, steady_time deadline);

  /// How many parameters the statement has.
  result<std::size_t> prepare(const std::string& name, const std::string& sql,
                              steady_time deadline);
  /// Of every row of a prepared statement the first column, as text; null is left out.
  result<std::vector<std::string>> column(const std::string& statement,
                                          const std::vector<std::string>& values,
                                          steady_time deadline);
  result<void> run(const std::string& sql, steady_time deadline);
  /// LISTEN on a channel of whatever name.
  result<void> listen(const std::string& channel, steady_time deadline);

  /// A notification that has come, if one has; reads what is there, does not wait.
  std::optional<std::string> notification();
  int socket() const noexcept { return PQsocket(connection_.get()); }
  bool broken() const noexcept { return broken_ || PQstatus(connection_.get()) != CONNECTION_OK; }

 private:
  struct closer {
    void operator()(PGconn* connection) const noexcept { PQfinish(connection); }
    void operator()(PGresult* result) const noexcept { PQclear(result); }
  };
  using result_ptr = std::unique_ptr<PGresult, closer>;

  explicit pg_connection(PGconn* connection) noexcept : connection_(connection) {}
  result<void> finish_connecting(steady_time deadline);
  /// Waits for the result of what was `sent` (what a PQsend function answered).
  result<result_ptr> answer(int sent, steady_time deadline);
  error fail(std::string message);

  std::unique_ptr<PGconn, closer> connection_;
  bool broken_ = false;
};

}  // namespace starling::cluster
