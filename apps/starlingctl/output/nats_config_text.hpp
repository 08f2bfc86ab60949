/// Accounts, users and permissions for nats-server, made of what nodes do there.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace starling::ctl {

struct nats_config_request {
  std::string stream = "starling";  ///< nats.stream
  std::size_t partitions = 1;       ///< nats.partitions
  std::string account = "STARLING";
  std::vector<std::string> foreign_subjects;  ///< of mappings, as patterns
  std::vector<std::string> foreign_streams;   ///< of mappings with `stream`
};

/// A part of a nats-server's configuration: one account with JetStream and three users. `node` may
/// what nodes do and nothing else, `publisher` may publish on the foreign subjects, `reader` may
/// read along what is delivered. Passwords are taken from the server's environment. The subjects
/// are explained in cluster/SUBJECTS.md.
std::string nats_config_text(const nats_config_request& request);

}  // namespace starling::ctl
