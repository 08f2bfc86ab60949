#include "net/http/http_client.hpp"

#include <algorithm>
#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

#include "net/base/clock.hpp"
#include "net/http/http_request.hpp"
#include "net/io/socket.hpp"

namespace starling::net {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using error_code = boost::system::error_code;

struct http_client::call {
  std::string_view method;
  std::string_view target;
  std::string_view body;
  const http_headers& headers;
  const on_bytes* take;  // null: collect the body
};

namespace {

using parser = http::response_parser<http::string_body>;

/// Runs asynchronous operations to their end, one at a time.
class blocking_loop {
 public:
  asio::io_context context;

  /// start(handler) begins an operation. errc timed_out when it has not ended by `deadline`;
  /// the caller gives the connection up then.
  template <class Start>
  error_code await(steady_time deadline, Start start) {
    begin(start);
    context.restart();
    context.run_until(deadline);
    return done_ ? ec_ : asio::error::timed_out;
  }

  /// As await without a deadline; idle() is asked every second and false gives up.
  template <class Start, class Idle>
  error_code await_for_ever(Start start, Idle idle) {
    begin(start);
    while (!done_) {
      context.restart();
      context.run_for(std::chrono::seconds(1));
      if (!done_ && !idle()) return asio::error::operation_aborted;
    }
    return ec_;
  }

 private:
  template <class Start>
  void begin(Start& start) {
    done_ = false;
    start([this](const error_code& ec, const auto&...) {
      done_ = true;
      ec_ = ec;
    });
  }

  bool done_ = false;
  error_code ec_;
};

http_reply to_reply(parser& from) {
  http_reply out;
  out.status = static_cast<int>(from.get().result_int());
  out.body = std::move(from.get().body());
  for (const auto& field : from.get())
    out.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
  return out;
}

/// Everything from the request's first byte to the answer's last.
template <class Stream>
error_code exchange(blocking_loop& loop, Stream& stream,
                    const http::request<http::string_body>& ask, parser& answer,
                    const http_client::on_bytes* take, std::chrono::milliseconds timeout) {
  const auto deadline = steady_clock::now() + timeout;
  boost::beast::flat_buffer buffer;
  if (const auto ec =
          loop.await(deadline, [&](auto done) { http::async_write(stream, ask, std::move(done)); }))
    return ec;
  if (const auto ec = loop.await(deadline, [&](auto done) {
        http::async_read_header(stream, buffer, answer, std::move(done));
      }))
    return ec;
  if (!take || answer.get().result() != http::status::ok) {
    if (answer.is_done()) return {};
    return loop.await(
        deadline, [&](auto done) { http::async_read(stream, buffer, answer, std::move(done)); });
  }
  while (!answer.is_done()) {
    const auto ec = loop.await_for_ever(
        [&](auto done) { http::async_read_some(stream, buffer, answer, std::move(done)); },
        [&] { return (*take)({}); });
    if (ec == asio::error::operation_aborted) return {};
    auto& body = answer.get().body();
    if (!body.empty() && !(*take)(body)) {
      body.clear();
      return {};
    }
    body.clear();
    if (ec) return ec;
  }
  return {};
}

result<void> prepare_tls(asio::ssl::context& tls, const http_client_options& options) {
  error_code ec;
  const auto unusable = [&ec](const std::string& file, const char* rule) {
    return error{errc::malformed, "cannot use \"" + file + "\": " + ec.message() + "; " + rule};
  };
  tls.set_default_verify_paths(ec);
  if (ec) return error{errc::internal, "the system's certificates: " + ec.message()};
  if (!options.ca_file.empty() && tls.load_verify_file(options.ca_file, ec))
    return unusable(options.ca_file, "it must hold certificates to believe, in PEM");
  if (options.cert_file.empty()) return {};
  if (tls.use_certificate_chain_file(options.cert_file, ec))
    return unusable(options.cert_file, "it must be this client's certificate, in PEM");
  const auto& key = options.key_file.empty() ? options.cert_file : options.key_file;
  // Without this OpenSSL asks for a passphrase on the terminal.
  tls.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return ""; });
  if (tls.use_private_key_file(key, asio::ssl::context::pem, ec))
    return unusable(key,
                    "it must be the private key of the certificate, in PEM, without passphrase");
  return {};
}

}  // namespace

const std::string* http_reply::header(std::string_view name) const noexcept {
  const auto at = std::find_if(headers.begin(), headers.end(),
                               [&](const auto& each) { return iequals(each.first, name); });
  return at == headers.end() ? nullptr : &at->second;
}

http_client::http_client(std::string url, http_client_options options)
    : url_(std::move(url)), options_(std::move(options)), parsed_(parse_http_url(url_)) {}

result<http_reply> http_client::request(std::string_view method, std::string_view target,
                                        std::string_view body, const http_headers& headers) {
  return perform({method, target, body, headers, nullptr});
}

result<http_reply> http_client::stream(std::string_view target, const http_headers& headers,
                                       const on_bytes& take) {
  return perform({"GET", target, {}, headers, &take});
}

result<http_reply> http_client::perform(const call& call) {
  if (!parsed_)
    return error{errc::malformed, "not a server URL: " + url_ + "; it is http://HOST:PORT"};
  const auto& [is_tls, host, port, base] = *parsed_;
  const auto failed = [this](const error_code& ec) {
    return error{errc::unavailable, "cannot reach " + url_ + ": " + ec.message()};
  };

  http::request<http::string_body> ask;
  ask.version(11);
  ask.method_string(call.method);
  ask.target(base + std::string(call.target));
  ask.set(http::field::host, (host.find(':') == host.npos ? host : '[' + host + ']') + ':' + port);
  ask.set(http::field::user_agent, "starling");
  ask.set(http::field::connection, "close");
  for (const auto& [name, value] : call.headers) ask.set(name, value);
  ask.body() = call.body;
  if (!call.body.empty() || call.method == "POST" || call.method == "PUT") ask.prepare_payload();

  parser answer;
  answer.skip(call.method == "HEAD");
  if (call.take)
    answer.body_limit(boost::none);
  else
    answer.body_limit(options_.max_body_bytes);

  blocking_loop loop;
  const auto deadline = steady_clock::now() + options_.connect_timeout;
  tcp::resolver resolver(loop.context);
  tcp::resolver::results_type found;
  if (const auto ec = loop.await(deadline, [&](auto done) {
        resolver.async_resolve(host, port, [&found, done](const error_code& e, auto results) {
          found = std::move(results);
          done(e);
        });
      }))
    return failed(ec);
  tcp_socket socket(loop.context);
  if (const auto ec = loop.await(
          deadline, [&](auto done) { asio::async_connect(socket, found, std::move(done)); }))
    return failed(ec);

  error_code ec;
  if (!is_tls) {
    ec = exchange(loop, socket, ask, answer, call.take, options_.request_timeout);
  } else {
    asio::ssl::context tls(asio::ssl::context::tls_client);
    if (const auto ready = prepare_tls(tls, options_); !ready) return ready.error();
    asio::ssl::stream<tcp_socket> secured(std::move(socket), tls);
    SSL_set_tlsext_host_name(secured.native_handle(), host.c_str());
    if (options_.verify_certificate) {
      secured.set_verify_mode(asio::ssl::verify_peer);
      secured.set_verify_callback(asio::ssl::host_name_verification(host));
    }
    ec = loop.await(deadline, [&](auto done) {
      secured.async_handshake(asio::ssl::stream_base::client, std::move(done));
    });
    if (!ec) ec = exchange(loop, secured, ask, answer, call.take, options_.request_timeout);
  }
  if (ec) return failed(ec);
  return to_reply(answer);
}

}  // namespace starling::net
