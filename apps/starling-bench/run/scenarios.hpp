/// The modes. Each drives a world from connect to result; failures go into the report.
#pragma once

namespace starling::bench {

class world;

/// fanout, rooms, direct, slow, publish, soak: sessions listen while publishers publish.
void run_traffic(world& all);
/// idle: open sessions, weigh them, see that they stay.
void run_idle(world& all);
/// churn: connect and disconnect without pause or at a rate.
void run_churn(world& all);
/// recovery: a node is killed under its sessions; how soon are they back?
void run_recovery(world& all);

}  // namespace starling::bench
