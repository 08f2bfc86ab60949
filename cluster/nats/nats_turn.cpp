#include "cluster/nats/nats_turn.hpp"

#include <memory>

#include "cluster/nats/nats_message.hpp"
#include "net/base/clock.hpp"
#include "net/base/ids.hpp"

namespace starling::cluster {

namespace {

/// Many times what a message takes within a cluster.
constexpr std::chrono::milliseconds window{200};

struct deleter {
  void operator()(natsMsg* message) const noexcept { natsMsg_Destroy(message); }
};

}  // namespace

bool take_turn(nats_session& session, const std::string& subject) {
  auto* const connection = session.connection();
  natsSubscription* raw = nullptr;
  if (natsConnection_SubscribeSync(&raw, connection, subject.c_str()) != NATS_OK) return false;
  const auto end_subscription = [&session](natsSubscription* heard) { session.retire(heard); };
  const std::unique_ptr<natsSubscription, decltype(end_subscription)> heard(raw, end_subscription);

  // Of the tickets that are shown in the same window the lowest has the turn.
  const auto ticket = make_event_id();
  const auto show = [&] {
    return natsConnection_PublishString(connection, subject.c_str(), ticket.c_str()) == NATS_OK;
  };
  if (!show()) return false;
  const auto end = steady_clock::now() + window;
  for (auto now = steady_clock::now(); now < end; now = steady_clock::now()) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - now);
    natsMsg* next = nullptr;
    const auto status = natsSubscription_NextMsg(&next, heard.get(), left.count());
    const std::unique_ptr<natsMsg, deleter> message(next);
    if (status == NATS_TIMEOUT) break;
    if (status != NATS_OK) return false;
    const auto other = nats_message(next).data();
    if (other < ticket) return false;
    // Who came later has not heard us yet; whoever knows us does not mind.
    if (other > ticket && !show()) return false;
  }
  return true;
}

}  // namespace starling::cluster
