#include <malloc.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>

#include "net/wire/ws_frame.hpp"
#include "tests/net/transport_fixture.hpp"

using namespace starling;
using namespace starling::net;
using namespace starling::net::test;
namespace asio = boost::asio;

namespace {

/// A fresh key and a certificate signed by itself.
void certify(asio::ssl::context& context) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* cert = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(cert), 1);
  X509_gmtime_adj(X509_getm_notBefore(cert), 0);
  X509_gmtime_adj(X509_getm_notAfter(cert), 3600);
  X509_set_pubkey(cert, key);
  X509_sign(cert, key, EVP_sha256());
  REQUIRE(SSL_CTX_use_certificate(context.native_handle(), cert) == 1);
  REQUIRE(SSL_CTX_use_PrivateKey(context.native_handle(), key) == 1);
  X509_free(cert);
  EVP_PKEY_free(key);
}

struct tls_case {
  tls_case() {
    certify(server_context);
    using boost::asio::ip::tcp;
    asio::basic_socket_acceptor<tcp, asio::io_context::executor_type> acceptor(
        on.loop.context(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    client = std::make_unique<tls_stream>(tcp_socket(on.loop.context()), client_context);
    client->next_layer().connect(acceptor.local_endpoint());
    tcp_socket socket(on.loop.context());
    acceptor.accept(socket);
    server = std::make_unique<tls_stream>(std::move(socket), server_context);
    int shaken = 0;
    const auto count = [&](const boost::system::error_code& wrong) { shaken += wrong ? 0 : 1; };
    server->async_handshake(asio::ssl::stream_base::server, count);
    client->async_handshake(asio::ssl::stream_base::client, count);
    REQUIRE(on.until([&] { return shaken == 2; }));
  }
  /// Operations of the streams end before the streams do.
  ~tls_case() {
    stream.reset();
    boost::system::error_code ignored;
    client->next_layer().close(ignored);
    on.settle();
  }

  void read() {
    client->async_read_some(asio::buffer(buffer),
                            [this](const boost::system::error_code& wrong, std::size_t n) {
                              got.append(buffer.data(), n);
                              if (wrong)
                                ended = wrong;
                              else
                                read();
                            });
  }

  pumped_loop on;
  recorder owner;
  asio::ssl::context server_context{asio::ssl::context::tls_server};
  asio::ssl::context client_context{asio::ssl::context::tls_client};
  std::unique_ptr<tls_stream> client;
  std::unique_ptr<tls_stream> server;
  std::unique_ptr<transport> stream;
  std::array<char, 16384> buffer{};
  std::string got;
  boost::system::error_code ended;
};

}  // namespace

TEST_SUITE("net/stream_transport tls") {
  TEST_CASE("a connection that is idle keeps little besides OpenSSL's own") {
    constexpr std::size_t pairs = 20, most = 60 * 1024;
    tls_case first;  // what is made once
    std::vector<std::unique_ptr<tls_case>> all;
    const auto before = mallinfo2().uordblks;
    for (std::size_t i = 0; i < pairs; ++i) all.push_back(std::make_unique<tls_case>());
    // Both ends are ours, and each has a loop, a context and a certificate; buffers of 68 KiB, as
    // Asio has them, would show. Sanitizers say nothing.
    CHECK((mallinfo2().uordblks - before) / (2 * pairs) < most + sizeof(tls_case) / 2);
  }

  TEST_CASE("frames arrive in order, counted, and the end is announced") {
    tls_case t;
    t.stream = make_sse_transport(t.on.loop, std::move(t.server), "HEAD", {}, t.owner);
    t.read();
    std::string expected = "HEAD";
    for (int i = 0; i < 300; ++i) {
      const auto body = std::to_string(i) + std::string(1000, '.');
      t.stream->send(event_frame(body));
      expected += body;
      if (i % 50 == 0) t.on.until([] { return false; }, std::chrono::milliseconds(2));
    }
    t.stream->close(close_code::draining);
    expected += "0\r\n\r\n";
    CHECK(t.on.until([&] { return t.ended.failed(); }));
    CHECK(t.ended == asio::error::eof);  // close_notify, not a cut
    CHECK(t.got == expected);
    CHECK(t.stream->delivered() == 300);
    CHECK(t.on.loop.metrics().deliveries[0].get() == 300);
    CHECK(t.on.loop.metrics().outbox_bytes.get() == 0);
    boost::system::error_code ignored;
    t.client->next_layer().close(ignored);
    CHECK(t.on.until([&] { return !t.owner.closed.empty(); }));
    CHECK(t.owner.closed == std::vector{close_code::draining});
  }

  TEST_CASE("a slow reader holds it up; dropping spares what is in flight") {
    tls_case t;
    t.stream = make_sse_transport(t.on.loop, std::move(t.server), "HEAD", {}, t.owner);
    std::size_t sent = 0;
    while (t.stream->queued_items() < 1000) {
      for (int i = 0; i < 100; ++i, ++sent) t.stream->send(event_frame(std::string(5000, '.')));
      t.on.settle();
    }
    const auto dropped = t.stream->drop_queued();
    CHECK(dropped > 0);
    CHECK(t.stream->queued_items() > 0);
    CHECK(t.on.loop.metrics().outbox_bytes.get() == t.stream->queued_bytes());
    t.stream->notify_when_drained();
    t.read();
    CHECK(t.on.until([&] { return t.owner.drained == 1; }));
    const auto expected = 4 + (sent - dropped) * 5000;
    CHECK(t.on.until([&] { return t.got.size() == expected; }));
  }

  TEST_CASE("WebSocket over TLS: commands in, and the transport may go with a write in flight") {
    tls_case t;
    t.stream = make_ws_transport(t.on.loop, std::move(t.server), "HEAD", {}, t.owner);
    std::string command("\x81\x8F\0\0\0\0", 6);
    command += R"({"type":"ping"})";
    asio::async_write(*t.client, asio::buffer(command),
                      [](const boost::system::error_code&, std::size_t) {});
    CHECK(t.on.until([&] { return t.owner.commands.size() == 1; }));
    for (int i = 0; i < 5000; ++i) t.stream->send(event_frame(std::string(5000, '.')));
    t.on.settle();
    CHECK(t.stream->queued_items() > 0);
    t.stream.reset();
    t.on.settle();
    CHECK(t.owner.closed.empty());
    CHECK(t.on.loop.metrics().outbox_bytes.get() == 0);
  }

  TEST_CASE("the peer's end closes") {
    tls_case t;
    t.stream = make_sse_transport(t.on.loop, std::move(t.server), "HEAD", {}, t.owner);
    t.on.settle();
    boost::system::error_code ignored;
    t.client->next_layer().close(ignored);
    CHECK(t.on.until([&] { return !t.owner.closed.empty(); }));
    CHECK(t.owner.closed == std::vector{close_code::client_closed});
  }
}
