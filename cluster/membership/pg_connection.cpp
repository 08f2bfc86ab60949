#include "cluster/membership/pg_connection.hpp"

#include <poll.h>

#include <cerrno>
#include <string_view>
#include <utility>

namespace starling::cluster {

namespace {

/// False when `deadline` has passed.
bool wait_for(int socket, short events, steady_time deadline) {
  for (;;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now()).count();
    if (left <= 0) return false;
    pollfd at{socket, events, 0};
    const int ready = poll(&at, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

/// PostgreSQL ends its messages with a line's end, and adds hints in lines of their own.
std::string first_line(const char* text) {
  const std::string_view all = text ? text : "";
  return std::string(all.substr(0, all.find('\n')));
}

error late() { return {errc::timeout, "PostgreSQL did not answer in time"}; }

}  // namespace

result<std::unique_ptr<pg_connection>> pg_connection::open(const std::string& dsn,
                                                           steady_time deadline) {
  // A dead peer is noticed by the kernel as well, where no question is under way.
  const char* const names[] = {"dbname",
                               "fallback_application_name",
                               "keepalives",
                               "keepalives_idle",
                               "keepalives_interval",
                               "keepalives_count",
                               nullptr};
  const char* const values[] = {dsn.c_str(), "starling", "1", "5", "2", "3", nullptr};
  auto* const raw = PQconnectStartParams(names, values, 1);
  if (!raw) return error{errc::unavailable, "no memory for a connection to PostgreSQL"};
  std::unique_ptr<pg_connection> out(new pg_connection(raw));
  if (const auto connected = out->finish_connecting(deadline); !connected) return connected.error();
  return out;
}

result<void> pg_connection::finish_connecting(steady_time deadline) {
  auto* const raw = connection_.get();
  auto step = PQstatus(raw) == CONNECTION_BAD ? PGRES_POLLING_FAILED : PGRES_POLLING_WRITING;
  while (step != PGRES_POLLING_OK) {
    if (step == PGRES_POLLING_FAILED)
      return error{errc::unavailable, first_line(PQerrorMessage(raw))};
    const short events = step == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (!wait_for(PQsocket(raw), events, deadline))
      return error{errc::timeout, "PostgreSQL did not accept a connection in time"};
    step = PQconnectPoll(raw);
  }
  PQsetnonblocking(raw, 1);
  PQsetNoticeProcessor(
      raw, [](void*, const char*) {}, nullptr);  // it would print to stderr
  return {};
}

error pg_connection::fail(std::string message) {
  if (PQstatus(connection_.get()) != CONNECTION_OK) broken_ = true;
  return {errc::unavailable, std::move(message)};
}

result<pg_connection::result_ptr> pg_connection::answer(int sent, steady_time deadline) {
  auto* const raw = connection_.get();
  const auto give_up = [this] {
    broken_ = true;
    return late();
  };
  if (!sent) return fail(first_line(PQerrorMessage(raw)));
  for (int left = 1; left != 0;) {
    left = PQflush(raw);
    if (left < 0) return fail(first_line(PQerrorMessage(raw)));
    if (left > 0 && !wait_for(socket(), POLLIN | POLLOUT, deadline)) return give_up();
    if (left > 0 && !PQconsumeInput(raw)) return fail(first_line(PQerrorMessage(raw)));
  }
  result_ptr last;
  for (;;) {
    while (PQisBusy(raw)) {
      if (!wait_for(socket(), POLLIN, deadline)) return give_up();
      if (!PQconsumeInput(raw)) {
        broken_ = true;
        return fail(first_line(PQerrorMessage(raw)));
      }
    }
    result_ptr next(PQgetResult(raw));
    if (!next) break;
    last = std::move(next);
  }
  if (!last) return fail("PostgreSQL gave no result");
  const auto status = PQresultStatus(last.get());
  if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK) return last;
  const std::string_view state = [&] {
    const char* const text = PQresultErrorField(last.get(), PG_DIAG_SQLSTATE);
    return std::string_view(text ? text : "");
  }();
  auto failed = fail(first_line(PQresultErrorMessage(last.get())));
  // Class 22: a value that the columns cannot hold, a name for a number say.
  if (state.starts_with("22")) failed.code = errc::malformed;
  if (state == "57014") failed.code = errc::timeout;  // cancelled by statement_timeout
  return failed;
}

result<std::size_t> pg_connection::prepare(const std::string& name, const std::string& sql,
                                           steady_time deadline) {
  auto* const raw = connection_.get();
  const auto made = answer(PQsendPrepare(raw, name.c_str(), sql.c_str(), 0, nullptr), deadline);
  if (!made) return made.error();
  const auto described = answer(PQsendDescribePrepared(raw, name.c_str()), deadline);
  if (!described) return described.error();
  return static_cast<std::size_t>(PQnparams(described->get()));
}

result<std::vector<std::string>> pg_connection::column(const std::string& statement,
                                                       const std::vector<std::string>& values,
                                                       steady_time deadline) {
  std::vector<const char*> texts;
  for (const auto& value : values) texts.push_back(value.c_str());
  const auto rows =
      answer(PQsendQueryPrepared(connection_.get(), statement.c_str(),
                                 static_cast<int>(texts.size()), texts.data(), nullptr, nullptr, 0),
             deadline);
  if (!rows) return rows.error();
  std::vector<std::string> out;
  auto* const table = rows->get();
  if (PQnfields(table) == 0) return out;
  const int count = PQntuples(table);
  out.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row)
    if (!PQgetisnull(table, row, 0))
      out.emplace_back(PQgetvalue(table, row, 0),
                       static_cast<std::size_t>(PQgetlength(table, row, 0)));
  return out;
}

result<void> pg_connection::run(const std::string& sql, steady_time deadline) {
  const auto done = answer(PQsendQuery(connection_.get(), sql.c_str()), deadline);
  return done ? result<void>() : result<void>(done.error());
}

result<void> pg_connection::listen(const std::string& channel, steady_time deadline) {
  const std::unique_ptr<char, void (*)(void*)> quoted(
      PQescapeIdentifier(connection_.get(), channel.data(), channel.size()), PQfreemem);
  if (!quoted) return fail(first_line(PQerrorMessage(connection_.get())));
  return run(std::string("LISTEN ") + quoted.get(), deadline);
}

std::optional<std::string> pg_connection::notification() {
  if (!PQconsumeInput(connection_.get())) broken_ = true;
  const std::unique_ptr<PGnotify, void (*)(void*)> told(PQnotifies(connection_.get()), PQfreemem);
  if (!told) return std::nullopt;
  return std::string(told->extra);
}

}  // namespace starling::cluster
