/// The commands of `starlingctl`, one file per family. Each function adds its commands to the
/// command line; they run through `invocation::run`.
#pragma once

#include "apps/starlingctl/client/invocation.hpp"
#include "apps/starlingctl/client/paths.hpp"

namespace starling::ctl {

void add_node_commands(CLI::App& root, invocation& inv);     ///< nodes, node, log-level
void add_drain_command(CLI::App& root, invocation& inv);     ///< drain
void add_room_commands(CLI::App& root, invocation& inv);     ///< rooms, room, presence, history
void add_member_commands(CLI::App& root, invocation& inv);   ///< member add|rm|import|ls
void add_mapping_commands(CLI::App& root, invocation& inv);  ///< mapping test|ls
void add_session_commands(CLI::App& root,
                          invocation& inv);  ///< users, user, sessions, session, kick
void add_publish_command(CLI::App& root, invocation& inv);      ///< publish
void add_subscribe_command(CLI::App& root, invocation& inv);    ///< subscribe
void add_stats_commands(CLI::App& root, invocation& inv);       ///< stats, trace
void add_top_command(CLI::App& root, invocation& inv);          ///< top
void add_doctor_command(CLI::App& root, invocation& inv);       ///< doctor
void add_key_commands(CLI::App& root, invocation& inv);         ///< key create|ls|revoke
void add_token_commands(CLI::App& root, invocation& inv);       ///< token create|inspect
void add_config_commands(CLI::App& root, invocation& inv);      ///< config check|show
void add_completion_commands(CLI::App& root, invocation& inv);  ///< completion bash|zsh|fish

/// `--limit` and `--after` of a list command.
struct page_options {
  std::string limit;
  std::string after;
};
void add_page_options(CLI::App& command, page_options& page);
/// `--tenant`, for an operator who asks about another tenant than the token's.
void add_tenant_option(CLI::App& command, invocation& inv);
/// And `--all-tenants`, for lists.
void add_tenant_options(CLI::App& command, invocation& inv);

}  // namespace starling::ctl
