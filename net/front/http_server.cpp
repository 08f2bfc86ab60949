#include "net/front/http_server.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <iterator>
#include <stdexcept>

#include "net/base/limits.hpp"
#include "net/base/log.hpp"
#include "net/front/http_front.hpp"
#include "net/front/http_handlers.hpp"
#include "net/front/http_session.hpp"
#include "net/io/listener.hpp"
#include "net/io/tls_context.hpp"

namespace starling::net {

namespace asio = boost::asio;

std::vector<route> front_routes(service& node, std::vector<static_asset> assets,
                                std::vector<route> dialects) {
  auto out = std::move(dialects);
  const auto add = [&out](std::vector<route> rows) {
    std::move(rows.begin(), rows.end(), std::back_inserter(out));
  };
  add(health_routes());
  add(service_routes(node.routes()));
  add(asset_routes(std::move(assets)));
  return out;
}

namespace {

/// Beside as many as are let in.
constexpr std::size_t crowd_told = 16;

struct tls_contexts {
  std::shared_ptr<asio::ssl::context> clients;
  std::shared_ptr<asio::ssl::context> admin;
};

result<tls_contexts> load_tls_contexts(const http_options& options) {
  auto clients = load_tls_context(options.public_tls);
  if (!clients) return clients.error();
  auto admin = load_tls_context(options.admin_tls);
  if (!admin) return admin.error();
  return tls_contexts{std::move(*clients), std::move(*admin)};
}

}  // namespace

struct http_server::impl {
  std::vector<io_loop*> loops;
  std::vector<std::shared_ptr<loop_front>> fronts;  // one per loop
  struct bound_listener {
    io_loop* loop;
    std::shared_ptr<listener> acceptor;
  };
  std::vector<bound_listener> listeners;
  std::shared_ptr<placement> places;
  std::string public_address;
  std::string admin_address;

  /// Returns the address as bound.
  std::string listen(const std::string& address, bool admin);
  std::shared_ptr<listener> make_listener(std::size_t index, tcp_acceptor acceptor, bool admin);
};

std::string http_server::impl::listen(const std::string& address, bool admin) {
  // To accept for others is work too: loops that shall have no connections do not listen.
  std::vector<std::size_t> listening;
  for (std::size_t i = 0; i < loops.size(); ++i)
    if (places->has_share(i)) listening.push_back(i);
  std::vector<io_loop*> listening_loops;
  for (const auto i : listening) listening_loops.push_back(loops[i]);
  auto acceptors = bind_acceptors(listening_loops, address);
  auto bound = to_text(acceptors.front().local_endpoint());
  for (std::size_t i = 0; i < acceptors.size(); ++i)
    listeners.push_back(
        {listening_loops[i], make_listener(listening[i], std::move(acceptors[i]), admin)});
  return bound;
}

std::shared_ptr<listener> http_server::impl::make_listener(std::size_t index, tcp_acceptor acceptor,
                                                           bool admin) {
  const auto take = [all = fronts, admin](std::size_t loop, tcp_socket socket,
                                          const tcp_endpoint& remote) {
    const auto& front = all[loop];
    address_counts::slot slot;
    // Who operates the node, or measures it, may sit behind the same address as a crowd. A proxy's
    // connections are its clients', who are known later (see http_session).
    const auto& settings = *front->settings;
    if (const auto most = settings.connections_per_address;
        most > 0 && !admin && !settings.proxies.contains(remote.address())) {
      slot = front->shared->addresses.take(remote.address());
      // Whoever is over the bound is told so; a flood is not waited for.
      if (slot.place > 2 * most + crowd_told)
        return limit_counts::add(limit_kind::connections_per_address);
      slot.place = slot.place > most ? slot.place : 0;
    }
    auto* const tls = (admin ? front->admin_tls : front->public_tls).get();
    auto stream = tls ? peer_stream(std::move(socket), *tls) : peer_stream(std::move(socket));
    std::make_shared<http_session>(front, std::move(stream), remote, admin, std::move(slot.held),
                                   slot.place > 0)
        ->start();
  };
  return std::make_shared<listener>(loops, index, std::move(acceptor), places, take);
}

http_server::http_server(std::vector<io_loop*> loops, service& node, http_options options,
                         std::shared_ptr<const http_settings> settings,
                         std::vector<static_asset> assets, std::vector<route> dialects)
    : impl_(std::make_unique<impl>()) {
  impl_->loops = std::move(loops);
  impl_->places = std::make_shared<placement>(options.loop_shares.empty()
                                                  ? std::vector<double>(impl_->loops.size(), 1.0)
                                                  : options.loop_shares);
  const auto tls = load_tls_contexts(options);
  if (!tls) throw std::runtime_error("TLS: " + tls.error().message);
  const auto shared = std::shared_ptr<http_front>(
      new http_front{.node = node,
                     .options = std::move(options),
                     .routes = router(front_routes(node, std::move(assets), std::move(dialects)))});
  for (auto* loop : impl_->loops)
    impl_->fronts.push_back(std::shared_ptr<loop_front>(new loop_front{.loop = *loop,
                                                                       .shared = shared,
                                                                       .settings = settings,
                                                                       .public_tls = tls->clients,
                                                                       .admin_tls = tls->admin}));
  if (!shared->options.public_address.empty())
    impl_->public_address = impl_->listen(shared->options.public_address, false);
  if (!shared->options.admin_address.empty())
    impl_->admin_address = impl_->listen(shared->options.admin_address, true);
}

http_server::~http_server() { stop(); }

void http_server::start() {
  for (const auto& each : impl_->listeners)
    asio::post(each.loop->context(), [acceptor = each.acceptor] { acceptor->start(); });
}

void http_server::stop() {
  for (const auto& each : impl_->listeners)
    asio::post(each.loop->context(), [acceptor = each.acceptor] { acceptor->stop(); });
  for (auto& front : impl_->fronts)
    asio::post(front->loop.context(), [front] {
      front->stopping = true;
      const auto open = front->sessions;  // closing one takes it out
      for (auto* session : open) session->on_stop();
    });
}

void http_server::update(std::shared_ptr<const http_settings> settings) {
  for (auto& front : impl_->fronts)
    asio::post(front->loop.context(), [front, settings] {
      front->settings = settings;
      front->tokens.clear();
    });
}

result<void> http_server::reload_certificate() {
  auto fresh = load_tls_contexts(impl_->fronts.front()->shared->options);
  if (!fresh) return fresh.error();
  for (auto& front : impl_->fronts)
    asio::post(front->loop.context(), [front, tls = *fresh] {
      front->public_tls = tls.clients;
      front->admin_tls = tls.admin;
    });
  return {};
}

std::string http_server::public_address() const { return impl_->public_address; }
std::string http_server::admin_address() const { return impl_->admin_address; }

}  // namespace starling::net
