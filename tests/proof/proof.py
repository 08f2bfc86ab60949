"""Runs seeds and reports. See scripts/proof."""
import argparse
import json
import signal
import sys
from collections import Counter

from faults import KINDS
from people import CLIENTS, ROOMS, WEB_SOCKETS
from seed import Options, carry_out, variant

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
            f"[{faults}] {verdict} {'FAILED' if result['failed'] else 'ok'}")


def summary(results):
    faults, total = Counter(), Counter()
    for result in results:
        faults.update(result["faults"])
        total.update({key: result[key] for key in (*VERDICT, "events", "deliveries", "clients", "reconnects",
                                                   "publish_retries", "web_sockets", "actor_faults", "restarts", "batches", "ephemeral_events",
                                                   "ephemeral_deliveries")})
    return {"seeds": len(results), "failed_seeds": [[r["seed"], r["nats"]] for r in results if r["failed"]],
            **total, "faults": dict(sorted(faults.items())),
            "with_partitions": sum(r["partitions"] > 1 for r in results),
            "with_actor_faults": sum(r["actor_faults_planned"] > 0 for r in results),
            "worst_recovery": max(r["worst_recovery"] for r in results),
            "worst_nats_heal": max((r["worst_nats_heal"] for r in results if r["nats"] == "single"), default=0),
            "worst_failover": max((r["worst_nats_heal"] for r in results if r["nats"] == "cluster"), default=0),
            "slow_checker": [[r["seed"], r["nats"]] for r in results if not r["keeps_up"]],
            "worst_lag": max(r["lag"] for r in results), "most_busy": max(r["busy"] for r in results),
            "worst_settled": max(r["settled"] for r in results)}


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
            ("worst recovery after kill -9 of a node, with retry", f"{whole['worst_recovery']:.2f} s"),
            ("worst time from nats-server back to all nodes ready", f"{whole['worst_nats_heal']:.2f} s"),
            ("... with three servers (nats-server elects a leader in 4-9 s)", f"{whole['worst_failover']:.2f} s"),
            ("the checker itself: worst lag, most of a core", f"{whole['worst_lag']:.2f} s, {whole['most_busy']:.0%}"),
            *((kind, f"{whole[kind]}") for kind in VERDICT)]
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)])


def what_goes_wrong():
    return "what goes wrong:\n" + "\n".join(f"  {name:<14} {kind.what}" for name, kind in KINDS.items())


def main():
    parse = argparse.ArgumentParser(prog="scripts/proof", description="The proof that nothing is lost, duplicated or "
                                    "reordered: faults drawn from seeds, three nodes, real nats-servers.",
                                    formatter_class=argparse.RawDescriptionHelpFormatter, epilog=what_goes_wrong())
    parse.add_argument("--seeds", type=int, default=10, metavar="N", help="so many seeds (10)")
    parse.add_argument("--from", type=int, default=1, metavar="S", dest="first", help="the first one (1)")
    parse.add_argument("--seed", type=int, metavar="N", help="only this one, telling what happens")
    parse.add_argument("--nats", choices=("single", "cluster", "both"),
                       help="one server, three with replicas, or each seed with both; default: three for even seeds")
    parse.add_argument("--clients", type=int, default=CLIENTS, metavar="N",
                       help=f"clients per seed, one in {WEB_SOCKETS} by WebSocket ({CLIENTS})")
    parse.add_argument("--rooms", type=int, default=ROOMS, metavar="N", help=f"rooms ({ROOMS}); 1 is one busy room")
    parse.add_argument("--rate", type=float, default=1.0, metavar="X", help="times the usual publishing rate (1)")
    parse.add_argument("--tenants", type=int, metavar="N", help="so many share the rooms (6 in each third seed, else 1)")
    parse.add_argument("--partitions", type=int, metavar="N", help="of the store (1)")
    parse.add_argument("--actor-faults", action="store_true", help="on two nodes some actors throw at the Nth message "
                       "of a kind; nodes that end by that are started again")
    parse.add_argument("--no-faults", action="store_true", help="nothing is broken; ephemeral events must all come")
    parse.add_argument("--json", metavar="FILE", help="the report, with every seed")
    parse.add_argument("--verbose", action="store_true", help="tell what happens")
    options = parse.parse_args()
    seeds = [options.seed] if options.seed is not None else range(options.first, options.first + options.seeds)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # ends what was started, as Ctrl-C does

    results = []
    for seed in seeds:
        kinds = {"single": [False], "cluster": [True], "both": [False, True]}.get(options.nats, [seed % 2 == 0])
        for clustered in kinds:
            varied = {**variant(seed), **{name: getattr(options, name) for name in ("tenants", "partitions", "actor_faults")
                                          if getattr(options, name)}}
            result = carry_out(seed, clustered, Options(
                options.clients, options.rooms, options.rate, not options.no_faults,
                verbose=options.verbose or options.seed is not None, **varied))
            results.append(result)
            print(line(result), flush=True)
            for sentence in result["complaints"][:5]:
                print("   ", sentence)
            if not result["keeps_up"]:
                print(f"    the checker itself did not keep up ({result['rate']} of {result['wanted_rate']} "
                      f"events/s, {result['lag']:.2f} s late, {result['busy']:.0%} of a core): "
                      "fewer --clients, a lower --rate or an idle machine")
            if result["failed"]:
                more = [f" --{name} {result[name]}" for name in ("tenants", "partitions") if getattr(options, name)]
                more += [" --actor-faults"] * options.actor_faults
                print(f"    kept in {result['kept']}; again: "
                      f"scripts/proof --seed {seed} --nats {result['nats']}{''.join(more)}", flush=True)
    whole = summary(results)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as out:
            json.dump({"summary": whole, "seeds": results}, out, indent=1)
    print(table(whole))
    return 1 if whole["failed_seeds"] else 0


if __name__ == "__main__":
    sys.exit(main())
