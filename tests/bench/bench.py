"""Runs the rows of scripts/bench (which has the help text) and writes .run/bench/: NAME.ROUND.json of each run, table.md,
verdicts.json. Exit code 1 when a run failed; a target that is missed is said in the table."""
import argparse
import json
import os
import pathlib
import resource
import secrets
import shutil
import signal
import subprocess
import sys
import time

import rows
import table
from servers import Failed, Servers, Unavailable

OUT = pathlib.Path(".run/bench")
# A whole run of the rows, and one run beyond what it measures.
QUICK_SECONDS, FULL_SECONDS = 90, 12 * 60
RUN_MARGIN_SECONDS = {True: 20, False: 90}


def options():
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--bin", type=pathlib.Path, default="build/bin")
    parser.add_argument("rows", nargs="*")
    return parser.parse_args()


class Bench:
    def __init__(self, asked, sizes, servers):
        self.quick, self.sizes, self.servers, self.binaries = asked.quick, sizes, servers, asked.bin
        self.seconds = asked.seconds or (1 if asked.quick else 10)
        self.ends = None if asked.seconds else (
            time.monotonic() + asked.rounds * (QUICK_SECONDS if asked.quick else FULL_SECONDS))
        self.rounds = range(1, asked.rounds + 1)
        self.runs, self.remarks, self.failed = {}, table.Remarks(), False

    def row(self, row):
        """Its runs that no row before it has had, in turn: what is compared is measured side by side."""
        names = [name for name in row.runs() if name not in self.runs]
        for name in names:
            self.runs[name] = [None] * len(self.rounds)
        for number in self.rounds:
            for name in names:
                self.run(name, number)

    def run(self, name, number):
        """Measures once; why it could not is a remark."""
        kind, arguments = rows.RUNS[name]
        if self.ends and time.monotonic() + self.seconds > self.ends:
            self.remarks.add(name, "left out, the time for all rows was over")
            return
        print(f"== {name}", end="", flush=True)
        began = time.monotonic()
        try:
            with self.servers.serve(kind, name in rows.WITH_NATS) as server:
                self.measure(name, number, arguments.format(**self.sizes).split(), server)
            for remark in server.remarks:
                self.fail(name, remark)
        except Unavailable as missing:
            self.remarks.add(name, f"left out, {missing}")
        except Failed as reason:
            self.fail(name, reason)
        print(f" ({time.monotonic() - began:.1f} s)", flush=True)

    def measure(self, name, number, arguments, server):
        result = OUT / f"{name}.{number}.json"
        log = OUT / f"{name}.{number}.log"
        command = [self.binaries / "starling-bench", *arguments, *server.arguments, "--duration", str(self.seconds),
                   "--json", result]
        command += ["--warmup", "0.3"] if self.quick else []
        for option, pids in (("--pid", server.pids), ("--side-pid", server.side_pids)):
            for pid in pids:
                command += [option, str(pid)]
        limit = self.seconds + RUN_MARGIN_SECONDS[self.quick]
        with log.open("wb") as out:
            try:
                code = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                      timeout=limit).returncode
            except subprocess.TimeoutExpired:
                return self.fail(name, f"not done after {limit} s (see {log})")
        if not result.exists():
            said = log.read_text(errors="replace").strip().splitlines()
            return self.fail(name, said[-1] if said else f"starling-bench ended with {code}")
        run = self.runs[name][number - 1] = json.loads(result.read_text())
        for note in run["notes"]:
            self.remarks.add(name, note)
        for failure in run["failures"]:
            self.fail(name, failure)

    def fail(self, name, reason):
        self.failed = True
        self.remarks.add(name, f"FAILED: {reason}")
        print(f": FAILED: {reason}", end="", flush=True)


def heading(asked, seconds):
    cores = f"{os.cpu_count()} cores, {seconds} s per run"
    if asked.rounds > 1:
        cores += f", medians of {asked.rounds} rounds"
    if asked.quick:
        return f"Quick run on {cores}: it shows that everything works; figures and verdicts are no measurement."
    return f"Measured on {cores}."


def main():
    asked = options()
    wanted = [row for row in rows.ROWS if not asked.rows or row.name in asked.rows]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    _, open_files = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (open_files, open_files))
    sizes, remark = rows.sizes(asked.quick, open_files)

    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir(parents=True)
    secret = secrets.token_hex(32)
    os.environ["STARLING_BENCH_SECRET"] = secret
    config = OUT / "node.toml"
    config.touch(mode=0o600)
    # Sessions the load generator has just left behind need no time to go elsewhere.
    config.write_text(f'[auth]\nhs256_secret = "{secret}"\n[drain]\nwindow = "100ms"\n')

    bench = Bench(asked, sizes, Servers(asked.bin, config, OUT, open_files))
    for row in wanted:
        bench.row(row)
    if remark and any(row.name == "growth-sessions" for row in wanted):
        bench.remarks.add("growth-sessions", remark)
    shutil.rmtree(OUT / "nats", ignore_errors=True)
    config.unlink()

    text, verdicts = table.render(wanted, sizes, bench.runs, bench.remarks.lines(), heading(asked, bench.seconds))
    (OUT / "table.md").write_text(text)
    (OUT / "verdicts.json").write_text(json.dumps(verdicts, indent=2) + "\n")
    print(text, end="")
    return int(bench.failed)


if __name__ == "__main__":
    sys.exit(main())
