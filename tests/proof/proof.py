"""Runs seeds and reports. See scripts/proof."""
import argparse
import json
import os
import pathlib
import re
import sys
from collections import Counter

from faults import KINDS
from jobs import carry_out_all, end_on_sigterm
from people import CLIENTS, ROOMS, WEB_SOCKETS
from seed import Options, variant

FORCED = ("tenants", "partitions", "actor_faults", "ingest")  # options that seeds have by themselves
SUMMED = ("events", "deliveries", "clients", "reconnects", "publish_retries", "web_sockets", "actor_faults", "restarts",
          "batches", "ephemeral_events", "ephemeral_deliveries", "foreign_events", "foreign_retries", "plain_messages",
          "plain_lost")
VERDICT = ("lost", "duplicated", "reordered")


def line(result):
    faults = " ".join(f"{kind}:{count}" for kind, count in sorted(result["faults"].items()))
    verdict = " ".join(f"{kind}={result[kind]}" for kind in VERDICT)
    return (f"seed {result['seed']:>4} {result['nats']:<7} events={result['events']} deliveries={result['deliveries']} "
            f"clients={result['clients']} reconnects={result['reconnects']} retries={result['publish_retries']} "
            f"recovery={result['worst_recovery']:.2f}s heal={result['worst_nats_heal']:.2f}s "
            f"settled={result['settled']:.1f}s batches={result['batches']} "
            f"ephemeral={result['ephemeral_deliveries']} "
            f"rate={result['rate']}/{result['wanted_rate']} lag={result['lag']:.2f}s "
            f"busy={result['busy']:.0%} partitions={result['partitions']} tenants={result['tenants']} "
            f"actor-faults={result['actor_faults']}/{result['actor_faults_planned']} restarts={result['restarts']} "
            f"foreign={result['foreign_events']} plain={result['plain_messages']}-{result['plain_lost']} "
            f"takeover={result['worst_takeover']:.2f}s/{result['worst_handover']:.2f}s "
            f"took={result['took']:.0f}s "
            f"[{faults}] {verdict} {'FAILED' if result['failed'] else 'ok'}")


def summary(results):
    faults, total = Counter(), Counter()
    for result in results:
        faults.update(result["faults"])
        total.update({key: result[key] for key in (*VERDICT, *SUMMED)})
    return {"seeds": len(results), "failed_seeds": [[r["seed"], r["nats"]] for r in results if r["failed"]],
            **total, "faults": dict(sorted(faults.items())),
            "with_partitions": sum(r["partitions"] > 1 for r in results),
            "with_actor_faults": sum(r["actor_faults_planned"] > 0 for r in results),
            "with_ingestion": sum(r["ingest"] for r in results),
            "worst_takeover": max(r["worst_takeover"] for r in results),
            "worst_handover": max(r["worst_handover"] for r in results),
            "worst_recovery": max(r["worst_recovery"] for r in results),
            "worst_nats_heal": max((r["worst_nats_heal"] for r in results if r["nats"] == "single"), default=0),
            "worst_failover": max((r["worst_nats_heal"] for r in results if r["nats"] == "cluster"), default=0),
            "slow_checker": [[r["seed"], r["nats"]] for r in results if not r["keeps_up"]],
            "worst_lag": max(r["lag"] for r in results), "most_busy": max(r["busy"] for r in results),
            "worst_settled": max(r["settled"] for r in results),
            "seconds_per_seed": round(sum(r["took"] for r in results) / len(results), 1)}


def table(whole):
    rows = [("seeds (failed)", f"{whole['seeds']} ({len(whole['failed_seeds'])})"),
            ("acknowledged events", f"{whole['events']:,}"), ("deliveries checked", f"{whole['deliveries']:,}"),
            ("published in batches of 2-12", f"{whole['batches']:,} batches"),
            ("ephemeral events, deliveries", f"{whole['ephemeral_events']:,}, {whole['ephemeral_deliveries']:,}"),
            ("clients (by WebSocket)", f"{whole['clients']:,} ({whole['web_sockets']:,})"),
            ("reconnects", f"{whole['reconnects']:,}"),
            ("publishes tried again", f"{whole['publish_retries']:,}"),
            ("faults", f"{sum(whole['faults'].values())}: "
                       + ", ".join(f"{kind} {count}" for kind, count in whole["faults"].items())),
            ("seeds with partitions and many tenants", f"{whole['with_partitions']}"),
            ("seeds with faults in actors (faults that came, nodes that ended by that and were started again)",
             f"{whole['with_actor_faults']} ({whole['actor_faults']}, {whole['restarts']})"),
            ("seeds with foreign publishers (events their stream acknowledged, stored again for want of an answer)",
             f"{whole['with_ingestion']} ({whole['foreign_events']:,}, {whole['foreign_retries']:,})"),
            ("plain messages beside them (lost while nobody ingested)",
             f"{whole['plain_messages']:,} ({whole['plain_lost']:,})"),
            ("worst time until another node ingests, after kill -9, after SIGTERM",
             f"{whole['worst_takeover']:.2f} s, {whole['worst_handover']:.2f} s"),
            ("worst recovery after kill -9 of a node, with retry", f"{whole['worst_recovery']:.2f} s"),
            ("worst time from nats-server back to all nodes ready", f"{whole['worst_nats_heal']:.2f} s"),
            ("... with three servers (nats-server elects a leader in 4-9 s)", f"{whole['worst_failover']:.2f} s"),
            ("seconds per seed, start and check included", f"{whole['seconds_per_seed']}"),
            ("the checker itself: worst lag, most of a core", f"{whole['worst_lag']:.2f} s, {whole['most_busy']:.0%}"),
            *((kind, f"{whole[kind]}") for kind in VERDICT)]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def what_goes_wrong():
    return "what goes wrong:\n" + "\n".join(f"  {name:<14} {kind.what}" for name, kind in KINDS.items())


def seed_range(text):
    """`N`: so many from --from on (an int); `A-B`: these (a range)."""
    found = re.fullmatch(r"(\d+)(?:-(\d+))?", text)
    if not found or (found[2] and int(found[1]) > int(found[2])) or int(found[2] or found[1]) < 1:
        raise argparse.ArgumentTypeError(f"{text!r}: must be a number of seeds (20), or a first and a last one (1-20)")
    return range(int(found[1]), int(found[2]) + 1) if found[2] else int(found[1])


def arguments():
    parse = argparse.ArgumentParser(prog="scripts/proof", description="The proof that nothing is lost, duplicated or "
                                    "reordered: faults drawn from seeds, three nodes, real nats-servers.",
                                    formatter_class=argparse.RawDescriptionHelpFormatter, epilog=what_goes_wrong())
    parse.add_argument("--seeds", type=seed_range, default=10, metavar="N|A-B", help="so many seeds (10), or these")
    parse.add_argument("--from", type=int, default=1, metavar="S", dest="first", help="the first of N (1)")
    parse.add_argument("--seed", type=int, metavar="N", help="only this one, telling what happens")
    parse.add_argument("--nats", choices=("single", "cluster", "both"),
                       help="one server, three with replicas, or each seed with both; default: three for even seeds")
    parse.add_argument("--clients", type=int, default=CLIENTS, metavar="N",
                       help=f"clients per seed, one in {WEB_SOCKETS} by WebSocket ({CLIENTS})")
    parse.add_argument("--rooms", type=int, default=ROOMS, metavar="N", help=f"rooms ({ROOMS}); 1 is one busy room")
    parse.add_argument("--rate", type=float, default=1.0, metavar="X", help="times the usual publishing rate (1)")
    parse.add_argument("--tenants", type=int, metavar="N", help="so many share the rooms (6 in each third seed, else 1)")
    parse.add_argument("--partitions", type=int, metavar="N", help="of the store (3 in each fourth seed, else 1)")
    parse.add_argument("--actor-faults", action="store_true", help="on two nodes some actors throw at the Nth message "
                       "of a kind; nodes that end by that are started again (in each third seed)")
    parse.add_argument("--ingest", action="store_true", help="foreign publishers as well, with a stream of their own and "
                       "a plain subject; the node that ingests is killed or drained (in each fifth seed)")
    parse.add_argument("--no-faults", action="store_true", help="nothing is broken; ephemeral events must all come")
    parse.add_argument("--jobs", type=int, default=1, metavar="N", help="so many seeds at a time (1); two need two idle cores")
    parse.add_argument("--json", type=pathlib.Path, metavar="FILE", help="the report, with every seed; written after each")
    parse.add_argument("--resume", action="store_true", help="what is in the --json FILE already is not done again")
    parse.add_argument("--verbose", action="store_true", help="tell what happens")
    options = parse.parse_args()
    if options.jobs < 1:
        parse.error("--jobs: must be 1 or more")
    if options.resume and not options.json:
        parse.error("--resume needs --json FILE, where the seeds that are done stand")
    return options


def tasks(options):
    """(seed, clustered, Options) of every run that is asked for."""
    count = options.seeds
    many = range(options.first, options.first + count) if isinstance(count, int) else count
    out = []
    for seed in many if options.seed is None else [options.seed]:
        kinds = {"single": [False], "cluster": [True], "both": [False, True]}.get(options.nats, [seed % 2 == 0])
        varied = {**variant(seed), **{name: getattr(options, name) for name in FORCED
                                      if getattr(options, name)}}
        out += [(seed, clustered, Options(options.clients, options.rooms, options.rate, not options.no_faults,
                                          verbose=options.verbose or options.seed is not None, **varied))
                for clustered in kinds]
    return out


def done_before(options):
    """Results of the --json FILE, to be resumed; of runs of other options there must be none."""
    if not options.resume or not options.json.exists():
        return []
    report = json.loads(options.json.read_text())
    if report["asked"] != asked(options):
        sys.exit(f"scripts/proof: {options.json} is of a run with {report['asked']}, this one has {asked(options)}; "
                 "take another file")
    return report["seeds"]


def asked(options):
    return {name: getattr(options, name)
            for name in ("clients", "rooms", "rate", *FORCED, "no_faults")}


def write_report(options, results):
    """In one step: whoever is killed meanwhile leaves the report of before."""
    fresh = options.json.with_name(options.json.name + ".new")
    fresh.write_text(json.dumps({"asked": asked(options), "summary": summary(results), "seeds": results}, indent=1))
    os.replace(fresh, options.json)


def tell(options, result):
    print(line(result), flush=True)
    for sentence in result["complaints"][:5]:
        print("   ", sentence)
    if not result["keeps_up"]:
        print(f"    the checker itself did not keep up ({result['rate']} of {result['wanted_rate']} "
              f"events/s, {result['lag']:.2f} s late, {result['busy']:.0%} of a core): "
              "fewer --clients or --jobs, a lower --rate or an idle machine")
    if result["failed"]:
        more = [f" --{name} {result[name]}" for name in ("tenants", "partitions") if getattr(options, name)]
        more += [" --actor-faults"] * options.actor_faults + [" --ingest"] * options.ingest
        print(f"    kept in {result['kept']}; again: "
              f"scripts/proof --seed {result['seed']} --nats {result['nats']}{''.join(more)}", flush=True)


def main():
    options = arguments()
    end_on_sigterm()
    results = done_before(options)
    known = {(result["seed"], result["nats"]) for result in results}
    missing = [task for task in tasks(options) if (task[0], "cluster" if task[1] else "single") not in known]
    if known:
        print(f"{len(known)} runs are in {options.json} already, {len(missing)} are to be done")
    for result in carry_out_all(missing, options.jobs):
        results.append(result)
        tell(options, result)
        if options.json:
            write_report(options, results)
    whole = summary(results)
    print(table(whole))
    return 1 if whole["failed_seeds"] else 0


if __name__ == "__main__":
    sys.exit(main())
