"""Figures of runs against the targets of the rows, as verdicts and as a Markdown table. Of a run there is one result of
starling-bench per round, or None; medians count."""
import re
from statistics import median

# Metric of starling-bench: what it is called in the table, how it is written.
METRICS = {
    "deliveries_per_s": ("deliveries/s", "{:,.0f}"),
    "server_cpu_s_per_million_deliveries": ("CPU s per million deliveries", "{:.2f}"),
    "acks_per_s": ("events/s", "{:,.0f}"),
    "connects_per_s": ("connects/s", "{:,.0f}"),
    "connect_success_percent": ("connects that succeed, %", "{:.1f}"),
    "rss_kib_per_session": ("KiB per session", "{:.2f}"),
    "rss_kib_per_subscription": ("KiB per session and room", "{:.2f}"),
    "shard_busiest_to_mean": ("CPU of the busiest shard thread / mean", "{:.2f}"),
    "shard_others_share": ("CPU of other threads / shard threads", "{:.2f}"),
    "delivery_p99_ms": ("p99, ms (p50, p99.9)", "{:.1f}"),
    "accept_per_s": ("accepted before/s", "{:,.0f}"),
    "back_p90_ms": ("9 of 10 are back after, ms", "{:,.0f}"),
    "last_back_s": ("all are back after, s", "{:.2f}"),
    "remote_p99_ms": ("p99, ms (p50, p99.9)", "{:.2f}"),
}

SERVERS = {"floor": "floor", "nchan": "Nchan", "memory": "Starling", "jetstream": "with JetStream",
           "ws": "WebSocket", "whole": "one partition", "parts": "three partitions", "http": "POSTs",
           "one": "one node", "three": "three nodes", "few": "1,000 in 100 rooms", "room": "one room",
           "floor-sessions": "floor",
           "floor-few": "floor", "floor-room": "floor"}

LEGEND = """
Ratio: Starling to what stands beside it, of the same round. Floor: `tests/bench/floor.cpp`, coalescing. Nchan: one worker
per core, SSE. CPU is that of the server's processes; rows `publish` and `partitions` with JetStream count nats-server
too. Latency: publish to client, open loop, from the planned time. The load generator shares the machine. `*`: it was itself at its
limit in this run, so the figure may be its own. uWebSockets is not in Debian and not measured here: the targets of
the WebSocket rows beside the floor are what its publish reached of such a floor elsewhere."""

_BUSY = re.compile(r"other processes used ([0-9.]+) cores meanwhile")


class Remarks:
    """What there is to say about runs; what holds for several of them is said once."""

    def __init__(self):
        self._names = {}  # text -> runs
        self._busy = {}   # run -> cores others used

    def add(self, name, text):
        if found := _BUSY.match(text):
            self._busy[name] = max(float(found.group(1)), self._busy.get(name, 0))
        elif name not in self._names.setdefault(text, []):
            self._names[text].append(name)

    def lines(self):
        result = [f"{', '.join(names)}: {text}" for text, names in self._names.items()]
        if self._busy:
            result.append(f"{', '.join(self._busy)}: other processes used up to {max(self._busy.values())} cores "
                          "meanwhile; measure again on a quiet machine")
        return result


def figures(rounds, metric):
    """Of each round; None when there is no such run, it failed, or it has no such figure."""
    return [run["metrics"].get(metric) if run and run["ok"] else None for run in rounds]


def middle(values):
    """The median of what there is, or None."""
    there = [value for value in values if value is not None]
    return median(there) if there else None


def at_limit(run, metric):
    """May the figure be that of starling-bench, as far as it can tell? What a server uses is the server's own."""
    if not run or metric.startswith(("server_", "rss_", "shard_")):
        return False
    return run["metrics"].get("own_cores", 0) > 0.9 or any("itself the bottleneck" in note for note in run["notes"])


def judge(row, check, runs):
    """One check against the runs: {row, metric, subject, beside, value, other, ratio, target, met, at_limit}."""
    values = figures(runs.get(check.subject, []), check.metric)
    others = figures(runs.get(check.beside, []), check.metric)
    value, other = middle(values), middle(others)
    # Of the same round: what a machine does to both is not in it.
    ratio = middle([mine / its for mine, its in zip(values, others) if mine is not None and its])
    judged = ratio if check.beside else value
    met = None
    if check.sign and judged is not None:
        met = judged >= check.bound if check.sign == "at least" else judged <= check.bound
    target = f"{check.sign} {check.bound:,g}" if check.sign else ""
    return {"row": row.name, "metric": check.metric, "subject": check.subject, "beside": check.beside, "value": value,
            "other": other, "ratio": ratio, "target": target, "met": met,
            "at_limit": any(at_limit(run, check.metric) for name in (check.subject, check.beside)
                            for run in runs.get(name, []))}


def written(rounds, metric):
    value = middle(figures(rounds, metric))
    if value is None:
        return "failed" if any(run and not run["ok"] for run in rounds) else "-"
    text = METRICS[metric][1].format(value)
    if metric.endswith("_p99_ms"):
        stem = metric.removesuffix("p99_ms")
        text += " ({:.2f}, {:.1f})".format(*(middle(figures(rounds, stem + each)) for each in ("p50_ms", "p99_9_ms")))
    return text


def line(title, verdict, runs):
    beside = verdict["beside"]
    name = SERVERS[beside.split(".")[1]] if beside else ""
    subject = SERVERS.get(verdict["subject"].split(".")[1], "")
    other_server = {"with JetStream": ", JetStream", "floor": ", of the floor"}.get(subject, "")
    label = METRICS[verdict["metric"]][0] + other_server
    met = {True: "yes", False: "**no**", None: "-"}[verdict["met"]]
    target = verdict["target"] and verdict["target"] + (" times" if beside else "")
    cells = [title, label, written(runs.get(verdict["subject"], []), verdict["metric"]),
             f"{name} {written(runs.get(beside, []), verdict['metric'])}" if beside else "-",
             "-" if verdict["ratio"] is None else f"{verdict['ratio']:.2f}", target or "-",
             met + (" *" if verdict["at_limit"] else "")]
    return "| " + " | ".join(cells) + " |"


def render(rows, sizes, runs, remarks, heading):
    """(Markdown, verdicts). `runs`: name -> its rounds."""
    lines = [heading, "", "| work | figure | Starling | beside it | ratio | target | met |",
             "|---|---|---|---|---|---|---|"]
    verdicts = []
    for row in rows:
        title = f"{row.name}: {row.title.format(**sizes)}"
        for check in row.checks:
            verdict = judge(row, check, runs)
            verdicts.append(verdict)
            lines.append(line(title, verdict, runs))
            title = ""
    met = [verdict["met"] for verdict in verdicts]
    lines += [LEGEND, "", f"Targets met: {met.count(True)}, missed: {met.count(False)}, "
              f"not measured: {sum(v['met'] is None and bool(v['target']) for v in verdicts)}."]
    lines += [""] * bool(remarks) + [f"- {remark}" for remark in remarks]
    return "\n".join(lines) + "\n", verdicts
