"""The results of scripts/bench as a Markdown table.

    table.py DIR < rows

rows: `name|title|servers|kind|target|...`, one per line; DIR holds NAME.SERVER.json of starling-bench.
"""
import json
import pathlib
import sys

SERVERS = {"floor": "floor", "memory": "Starling", "jetstream": "Starling, JetStream"}

# What a kind of row shows and compares: metric, text of a cell.
KINDS = {
    "deliveries": ("deliveries_per_s",
                   "{deliveries_per_s:,.0f}/s ({server_cpu_s_per_million_deliveries:.2f})"),
    "events": ("acks_per_s", "{acks_per_s:,.0f}/s ({server_cpu_s_per_million_events:.2f})"),
    "connects": ("connects_per_s", "{connects_per_s:,.0f}/s, {connect_success_percent:.1f} %"),
    "idle": ("rss_kib_per_session", "{rss_kib_per_session:.2f} KiB"),
    "latency": ("delivery_p99_ms",
                "{delivery_p50_ms:.1f} / {delivery_p99_ms:.1f} / {delivery_p99_9_ms:.1f} ms"),
}

LEGEND = """
In brackets: CPU seconds of the server per million deliveries or events (JetStream: with nats-server).
Latency: p50 / p99 / p99.9. Ratio: Starling to floor. The load generator shares the machine."""


def load(folder, row, server):
    """The result of one run; None when it was not made."""
    file = folder / f"{row}.{server}.json"
    return json.loads(file.read_text()) if file.exists() else None


def cell(kind, run):
    if run is None:
        return "-"
    if not run["ok"]:
        return "failed"
    return KINDS[kind][1].format(**run["metrics"])


def ratio(kind, floor, run):
    if not (floor and run and floor["ok"] and run["ok"]):
        return "-"
    key = KINDS[kind][0]
    base = floor["metrics"][key]
    return f"{run['metrics'][key] / base:.2f}" if base > 0 else "-"


def main():
    folder = pathlib.Path(sys.argv[1])
    lines = ["| work | floor | Starling | ratio | target |", "|---|---|---|---|---|"]
    remarks = []
    for row in sys.stdin.read().splitlines():
        name, title, servers, kind, target = row.split("|")[:5]
        runs = {server: load(folder, name, server) for server in servers.split()}
        for server, run in runs.items():
            if run is None:
                continue
            for remark in run["failures"] + run["notes"]:
                remarks.append(f"- {name}, {SERVERS[server]}: {remark}")
            if server == "floor":
                continue
            label = title if server == "memory" else f"{title}, JetStream"
            floor = runs.get("floor")
            cells = [label, cell(kind, floor), cell(kind, run), ratio(kind, floor, run), target or "-"]
            lines.append("| " + " | ".join(cells) + " |")
    print("\n".join(lines + [LEGEND] + ([""] + remarks if remarks else [])))


if __name__ == "__main__":
    main()
