"""The verdicts of scripts/bench: python3 -B -m unittest discover -s tests/bench -p '*_test.py'"""
import unittest

import rows
import table
from rows import Check, Row
from servers import Servers


def run(ok=True, notes=(), **metrics):
    return {"ok": ok, "notes": list(notes), "failures": [], "metrics": metrics}


def verdict(check, **runs):
    """Of one round, or of those that a run has a list of."""
    rounds = {f"work.{name}": value if isinstance(value, list) else [value] for name, value in runs.items()}
    return table.judge(Row("work", "work", (check,)), check, rounds)


RATE = Check("deliveries_per_s", "work.memory", "work.floor", "at least", 0.8)
LIMIT = Check("rss_kib_per_session", "work.memory", "", "at most", 3)


class Verdicts(unittest.TestCase):
    def test_a_ratio_is_taken_from_the_same_run_and_held_against_the_target(self):
        good = verdict(RATE, memory=run(deliveries_per_s=80), floor=run(deliveries_per_s=100))
        self.assertEqual((good["ratio"], good["met"]), (0.8, True))
        bad = verdict(RATE, memory=run(deliveries_per_s=79), floor=run(deliveries_per_s=100))
        self.assertIs(bad["met"], False)

    def test_of_several_rounds_the_median_counts_and_a_ratio_is_that_of_a_round(self):
        # The machine was slow in the second round, and something else went wrong in the third.
        memory = [run(deliveries_per_s=each) for each in (90, 40, 20)]
        floor = [run(deliveries_per_s=each) for each in (100, 50, 110)]
        good = verdict(RATE, memory=memory, floor=floor)
        self.assertEqual((good["value"], good["other"], good["ratio"], good["met"]), (40, 100, 0.8, True))
        memory[0] = run(ok=False)
        self.assertAlmostEqual(verdict(RATE, memory=memory, floor=floor)["ratio"], (0.8 + 20 / 110) / 2)

    def test_at_most_is_the_other_way_round_and_needs_no_other_run(self):
        self.assertIs(verdict(LIMIT, memory=run(rss_kib_per_session=3))["met"], True)
        self.assertIs(verdict(LIMIT, memory=run(rss_kib_per_session=3.01))["met"], False)

    def test_a_run_that_is_missing_failed_or_has_no_such_figure_gives_no_verdict(self):
        floor = run(deliveries_per_s=100)
        for memory in (None, run(ok=False, deliveries_per_s=100), run(acks_per_s=1)):
            self.assertIsNone(verdict(RATE, memory=memory, floor=floor)["met"])
        self.assertIsNone(verdict(RATE, memory=floor)["met"])
        self.assertIsNone(verdict(RATE, memory=floor, floor=run(deliveries_per_s=0))["met"])

    def test_a_load_generator_at_its_limit_is_marked_on_either_side(self):
        busy = run(deliveries_per_s=100, own_cores=0.95)
        late = run(deliveries_per_s=100, notes=["sends were late: it was itself the bottleneck"])
        calm = run(deliveries_per_s=100, own_cores=0.5)
        self.assertTrue(verdict(RATE, memory=busy, floor=calm)["at_limit"])
        self.assertTrue(verdict(RATE, memory=calm, floor=late)["at_limit"])
        self.assertFalse(verdict(RATE, memory=calm, floor=calm)["at_limit"])
        memory = run(rss_kib_per_session=2, own_cores=0.95)
        self.assertFalse(verdict(LIMIT, memory=memory)["at_limit"], "the server's memory is its own")

    def test_what_holds_for_several_runs_is_remarked_once(self):
        remarks = table.Remarks()
        remarks.add("a.floor", "other processes used 0.4 cores meanwhile: measure again on a quiet machine")
        remarks.add("a.memory", "other processes used 1.5 cores meanwhile: measure again on a quiet machine")
        remarks.add("a.nchan", "left out")
        remarks.add("b.nchan", "left out")
        self.assertEqual(remarks.lines(), ["a.nchan, b.nchan: left out",
                                           "a.floor, a.memory: other processes used up to 1.5 cores meanwhile; "
                                           "measure again on a quiet machine"])

    def test_the_table_says_yes_no_and_dash_and_counts_them(self):
        row = Row("work", "a room of {many:,}", (RATE, LIMIT))
        runs = {"work.memory": [run(deliveries_per_s=1500, rss_kib_per_session=4.0)],
                "work.floor": [run(deliveries_per_s=1000)]}
        text, verdicts = table.render([row], {"many": 10_000}, runs, ["a remark"], "heading")
        self.assertIn("| work: a room of 10,000 | deliveries/s | 1,500 | floor 1,000 | 1.50 | at least 0.8 times | yes |",
                      text)
        self.assertIn("|  | KiB per session | 4.00 | - | - | at most 3 | **no** |", text)
        self.assertIn("Targets met: 1, missed: 1, not measured: 0.", text)
        self.assertTrue(text.endswith("- a remark\n"))
        self.assertEqual([each["met"] for each in verdicts], [True, False])


class Rows(unittest.TestCase):
    def test_every_check_names_runs_and_metrics_that_exist(self):
        for row in rows.ROWS:
            for check in row.checks:
                self.assertIn(check.metric, table.METRICS)
                self.assertIn(check.subject, rows.RUNS)
                self.assertIn(check.beside or check.subject, rows.RUNS)
                self.assertEqual(bool(check.sign), check.bound > 0, f"{row.name}: half a target")
        self.assertLessEqual(rows.WITH_NATS, set(rows.RUNS))

    def test_every_run_has_a_server_and_what_is_compared_has_a_name(self):
        for kind, _ in rows.RUNS.values():
            self.assertTrue(callable(getattr(Servers, f"_{kind}", None)), kind)
        for row in rows.ROWS:
            for check in row.checks:
                self.assertIn((check.beside or "x.floor").split(".")[1], table.SERVERS)

    def test_partitions_are_compared_at_the_same_work_of_several_tenants(self):
        (whole, work), (parts, same) = rows.RUNS["partitions.whole"], rows.RUNS["partitions.parts"]
        self.assertEqual(work, same)
        self.assertRegex(work, "--tenants 12")
        self.assertNotEqual(whole, parts)

    def test_every_run_belongs_to_a_row_and_takes_the_sizes_there_are(self):
        needed = {name for row in rows.ROWS for name in row.runs()}
        self.assertEqual(needed, set(rows.RUNS))
        for quick in (True, False):
            sizes, _ = rows.sizes(quick, 20_000)
            for _, arguments in rows.RUNS.values():
                self.assertNotIn("{", arguments.format(**sizes))

    def test_sessions_are_as_many_as_open_files_allow_and_fewer_are_said(self):
        sizes, remark = rows.sizes(False, 20_000)
        self.assertEqual((sizes["most"], remark), (19_000, ""))
        sizes, remark = rows.sizes(False, 8_192)
        self.assertEqual(sizes["most"], 7_890)
        self.assertIn("7,890 sessions, not 19,000", remark)

    def test_the_slow_rate_is_20000_deliveries_whatever_the_room(self):
        for quick in (True, False):
            sizes, _ = rows.sizes(quick, 20_000)
            self.assertEqual(sizes["slow_rate"] * sizes["many"], 20_000)


if __name__ == "__main__":
    unittest.main()
