#include <doctest/doctest.h>

#include <array>
#include <deque>
#include <future>

#include "cluster/jetstream/jetstream_admin.hpp"
#include "cluster/jetstream/jetstream_setup.hpp"
#include "cluster/nats/nats_turn.hpp"
#include "cluster/subjects.hpp"
#include "tests/cluster/engines.hpp"

using namespace starling;
using namespace starling::test;
using cluster::jetstream::context_ptr;
using cluster::jetstream::info_ptr;

namespace {

cluster::nats_options fresh_store(const nats_server& server, int replicas = 1) {
  cluster::nats_options options;
  options.url = server.url();
  options.stream = fresh_stream();
  options.replicas = replicas;
  return options;
}

std::shared_ptr<cluster::nats_session> connect(const std::string& url) {
  auto session = cluster::nats_session::open({{url}, "test", {}, "inbox"}, {});
  REQUIRE(session.ok());
  return *session;
}

epoch_id epoch_of(cluster::nats_session& session, const cluster::nats_options& options) {
  const auto epochs = cluster::ensure_store(session, options, {});
  if (!epochs.ok()) MESSAGE(epochs.error().message);
  return epochs.ok() ? epochs->front() : 0;
}

/// Each session makes sure of the store, all at the same time.
std::vector<epoch_id> epochs_of(const std::vector<std::shared_ptr<cluster::nats_session>>& sessions,
                                const cluster::nats_options& options) {
  std::vector<std::future<epoch_id>> asked;
  for (const auto& session : sessions)
    asked.push_back(std::async(std::launch::async, [&options, session] {
      // No meta leader yet: the store does not answer, and a node asks again.
      const auto give_up = std::chrono::steady_clock::now() + 2 * patience;
      for (;;) {
        const auto epochs = cluster::ensure_store(*session, options, {});
        if (epochs.ok()) return epochs->front();
        if (std::chrono::steady_clock::now() > give_up) return epoch_id{0};
      }
    }));
  std::vector<epoch_id> out;
  for (auto& one : asked) out.push_back(one.get());
  return out;
}

/// The stream's configuration as an operator changes it.
template <class Change>
void edit(cluster::nats_session& session, const std::string& stream, Change change) {
  jsCtx* raw = nullptr;
  REQUIRE(natsConnection_JetStream(&raw, session.connection(), nullptr) == NATS_OK);
  const context_ptr js(raw);
  jsStreamInfo* found = nullptr;
  REQUIRE(js_GetStreamInfo(&found, raw, stream.c_str(), nullptr, nullptr) == NATS_OK);
  const info_ptr info(found);
  jsStreamConfig config = *info->Config;
  change(config);
  REQUIRE(js_UpdateStream(nullptr, raw, &config, nullptr, nullptr) == NATS_OK);
}

std::string description_of(cluster::nats_session& session, const std::string& stream) {
  std::string out;
  edit(session, stream,
       [&](const jsStreamConfig& config) { out = config.Description ? config.Description : ""; });
  return out;
}

}  // namespace

TEST_SUITE_BEGIN("cluster/epoch");

TEST_CASE("nodes that create the store at the same time agree on its epoch") {
  const auto options = fresh_store(shared_server());
  std::vector<std::shared_ptr<cluster::nats_session>> sessions;
  for (int i = 0; i < 4; ++i) sessions.push_back(connect(options.url));
  const auto epochs = epochs_of(sessions, options);
  CHECK(epochs.front() != 0);
  CHECK(epochs == std::vector<epoch_id>(4, epochs.front()));
  CHECK(epoch_of(*sessions[1], options) == epochs.front());
}

TEST_CASE("a deleted stream comes back with another epoch") {
  const auto options = fresh_store(shared_server());
  const auto session = connect(options.url);
  const auto before = epoch_of(*session, options);
  delete_stream(shared_server(), options.stream);
  const auto after = epoch_of(*session, options);
  CHECK(before != 0);
  CHECK(after != 0);
  CHECK(after != before);
}

TEST_CASE("other limits leave the epoch as it is") {
  auto options = fresh_store(shared_server());
  const auto session = connect(options.url);
  const auto before = epoch_of(*session, options);
  options.limits.max_events_per_channel = 7;
  options.limits.max_age = 5min;
  CHECK(epoch_of(*connect(options.url), options) == before);
  int limit = 0;
  edit(*session, options.stream,
       [&](const jsStreamConfig& config) { limit = static_cast<int>(config.MaxMsgsPerSubject); });
  CHECK(limit == 7);
  CHECK(epoch_of(*session, options) == before);
}

TEST_CASE("a stream without an epoch is given one, which stays, behind its description") {
  const auto options = fresh_store(shared_server());
  const auto session = connect(options.url);
  const auto first = epoch_of(*session, options);
  CHECK(description_of(*session, options.stream) ==
        std::string("starling partitions=1 starling epoch=").append(std::to_string(first)));
  edit(*session, options.stream, [](jsStreamConfig& config) { config.Description = "by ann"; });
  std::vector<std::shared_ptr<cluster::nats_session>> sessions;
  for (int i = 0; i < 3; ++i) sessions.push_back(connect(options.url));
  const auto given = epochs_of(sessions, options);
  CHECK(given.front() != 0);
  CHECK(given.front() != first);
  CHECK(given == std::vector<epoch_id>(3, given.front()));
  CHECK(description_of(*session, options.stream) ==
        std::string("by ann starling partitions=1 starling epoch=")
            .append(std::to_string(given.front())));
  CHECK(epoch_of(*session, options) == given.front());
}

TEST_CASE("of those who ask for the turn together one has it") {
  const auto subject = cluster::subjects(fresh_stream()).turns();
  std::vector<std::future<bool>> asked;
  for (int i = 0; i < 5; ++i)
    asked.push_back(std::async(std::launch::async, [&, session = connect(shared_server().url())] {
      return cluster::take_turn(*session, subject);
    }));
  int turns = 0;
  for (auto& one : asked) turns += one.get() ? 1 : 0;
  CHECK(turns == 1);
}

TEST_CASE("nodes on three servers that elect no leader yet agree on the epoch, which stays") {
  std::array<nats_server, 3> routes{nats_server(false), nats_server(false), nats_server(false)};
  std::string all;
  for (const auto& route : routes) all.append(all.empty() ? "" : ",").append(route.url());
  std::deque<nats_server> servers;
  for (std::size_t i = 0; i < routes.size(); ++i)
    servers.emplace_back(std::string("n").append(std::to_string(i)), routes[i].port(), all)
        .launch();
  std::vector<std::shared_ptr<cluster::nats_session>> sessions;
  for (auto& server : servers) {
    server.wait_until_ready();
    sessions.push_back(connect(server.url()));
  }
  // The first store is asked for before there is a leader, the others by all at the same moment.
  for (int store = 0; store < 3; ++store) {
    const auto options = fresh_store(servers.front(), 3);
    const auto epochs = epochs_of(sessions, options);
    CHECK(epochs.front() != 0);
    CHECK(epochs == std::vector<epoch_id>(3, epochs.front()));
    CHECK(epochs_of(sessions, options) == epochs);
  }
}

TEST_SUITE_END();
