#include "apps/starlingctl/output/nats_config_text.hpp"

namespace starling::ctl {

namespace {

using subjects = std::vector<std::string>;

void add(subjects& to, const subjects& more) { to.insert(to.end(), more.begin(), more.end()); }

/// What a node asks of JetStream about a stream that it makes itself.
subjects own_stream(const std::string& stream) {
  const std::string api = "$JS.API.STREAM.";
  return {api + "INFO." + stream, api + "CREATE." + stream, api + "UPDATE." + stream};
}

/// Reading one by one, from the leader and from any replica.
subjects gets(const std::string& stream) {
  return {"$JS.API.STREAM.MSG.GET." + stream, "$JS.API.DIRECT.GET." + stream,
          "$JS.API.DIRECT.GET." + stream + ".>"};
}

/// Reading by a consumer, which is made and deleted.
subjects consumers(const std::string& stream) {
  const std::string api = "$JS.API.CONSUMER.";
  return {api + "CREATE." + stream, api + "CREATE." + stream + ".>", api + "INFO." + stream + ".*",
          api + "MSG.NEXT." + stream + ".*", api + "DELETE." + stream + ".*"};
}

/// Reading what others store, acknowledged.
subjects durable_consumers(const std::string& stream) {
  auto out = consumers(stream);
  add(out, {"$JS.API.STREAM.INFO." + stream, "$JS.API.CONSUMER.DURABLE.CREATE." + stream + ".*",
            "$JS.ACK." + stream + ".>"});
  return out;
}

subjects streams_of(const nats_config_request& request) {
  if (request.partitions == 1) return {request.stream};
  subjects out;
  for (std::size_t p = 0; p < request.partitions; ++p)
    out.push_back(request.stream + "-p" + std::to_string(p));
  return out;
}

subjects node_publishes(const nats_config_request& request) {
  const auto& prefix = request.stream;
  subjects out{prefix + ".in.>",  prefix + ".ch.>",    prefix + ".node.*", prefix + ".ask",
               prefix + ".ask.*", prefix + ".inbox.>", prefix + ".turn"};
  for (const auto& stream : streams_of(request)) {
    add(out, own_stream(stream));
    add(out, gets(stream));
    add(out, consumers(stream));
  }
  // A store of another number of partitions is looked for, so that it is not overlooked.
  out.push_back("$JS.API.STREAM.INFO." + prefix + (request.partitions == 1 ? "-p0" : ""));
  for (const std::string bucket : {"_roster", "_positions", "_leases"}) {
    const auto name = prefix + bucket;
    out.push_back("$KV." + name + ".>");
    add(out, own_stream("KV_" + name));
    add(out, gets("KV_" + name));
    add(out, consumers("KV_" + name));
    out.push_back("$JS.FC.KV_" + name + ".>");
  }
  add(out,
      {"$JS.API.STREAM.PURGE.KV_" + prefix + "_leases", prefix + ".ingest.>", prefix + ".told"});
  for (const auto& stream : request.foreign_streams) add(out, durable_consumers(stream));
  return out;
}

subjects node_hears(const nats_config_request& request) {
  const auto& prefix = request.stream;
  subjects out{prefix + ".ch.>",  prefix + ".node.*", prefix + ".ask",
               prefix + ".ask.*", prefix + ".turn",   prefix + ".inbox.>"};
  for (const auto& stream : streams_of(request))
    out.push_back("$JS.EVENT.ADVISORY.STREAM.*." + stream);
  add(out, {"$KV." + prefix + "_leases.>", prefix + ".ingest.>", prefix + ".told"});
  add(out, request.foreign_subjects);
  return out;
}

/// What is delivered, stored (`e`) and not (`x`); not what nodes say to each other (`c`).
subjects delivered(const nats_config_request& request) {
  const auto channel = request.stream + ".ch." + (request.partitions == 1 ? "" : "*.") + "*.*.*.";
  return {channel + "e", channel + "x"};
}

std::string listed(const char* key, const subjects& all) {
  if (all.empty()) return std::string("        ").append(key).append(": { deny: \">\" }\n");
  std::string out = std::string("        ").append(key).append(": { allow: [\n");
  for (const auto& subject : all) out.append("          \"").append(subject).append("\"\n");
  return out + "        ] }\n";
}

std::string user(const std::string& name, const std::string& variable, const subjects& publishes,
                 const subjects& hears) {
  return "      {\n        user: \"" + name + "\", password: $" + variable +
         "\n        permissions: {\n" + listed("publish", publishes) + listed("subscribe", hears) +
         "        }\n      }\n";
}

}  // namespace

std::string nats_config_text(const nats_config_request& request) {
  return "# For nats-server 2.9 and later: include it in the server's configuration, and give the\n"
         "# server STARLING_NODE_PASSWORD, STARLING_PUBLISHER_PASSWORD and "
         "STARLING_READER_PASSWORD\n"
         "# in its environment, quoted: STARLING_NODE_PASSWORD='\"...\"'.\n"
         "accounts {\n  " +
         request.account +
         ": {\n    jetstream: enabled\n    users: [\n"
         "      # nats.user of every node\n" +
         user("node", "STARLING_NODE_PASSWORD", node_publishes(request), node_hears(request)) +
         "      # who publishes what mappings take in\n" +
         user("publisher", "STARLING_PUBLISHER_PASSWORD", request.foreign_subjects, {"_INBOX.>"}) +
         "      # who reads along what is delivered\n" +
         user("reader", "STARLING_READER_PASSWORD", {}, delivered(request)) + "    ]\n  }\n}\n";
}

}  // namespace starling::ctl
