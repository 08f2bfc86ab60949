/// Who creates what is missing, when several nodes find it missing at once.
#pragma once

#include <string>

#include "cluster/nats/nats_session.hpp"

namespace starling::cluster {

/// Blocks for 200 ms, in which the nodes that ask for the turn on `subject` hear each other; true
/// for one of them. The others let it do its work. It is no lock: who cannot hear the others
/// believes itself alone. Look once more at what was missing before acting on `true`.
bool take_turn(nats_session& session, const std::string& subject);

}  // namespace starling::cluster
