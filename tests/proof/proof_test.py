"""The ledger finds what it must find, the schedule keeps its word, and a few seeds end without a complaint."""
import random
import unittest

from faults import KINDS, schedule
from ledger import Ledger
from seed import carry_out


def ledger(acked, *delivered, owed_from=1):
    """One client that saw these numbers of channel "c", of which `acked` were answered with 200."""
    out = Ledger()
    out.begun["c"] = owed_from - 1
    out.joined("ann", ["c"])
    out.begun["c"] = out.acked["c"] = acked
    for number in delivered:
        out.delivered("ann", "c", number)
    return out


class LedgerFinds(unittest.TestCase):
    def verdict(self, *numbers, **options):
        return tuple(ledger(*numbers, **options).verdict())

    def test_nothing_wrong_with_everything_once_in_order(self):
        self.assertEqual(self.verdict(3, 1, 2, 3), (0, 0, 0))

    def test_a_hole_and_a_missing_end_as_lost(self):
        self.assertEqual(self.verdict(5, 1, 3, 4), (2, 0, 0))
        self.assertEqual(ledger(5, 1, 3, 4).broken()["ann", "c"]["lost"], [2, 5])

    def test_silence_as_lost(self):
        self.assertEqual(self.verdict(2), (2, 0, 0))

    def test_the_same_twice_as_duplicated(self):
        self.assertEqual(self.verdict(3, 1, 2, 2, 3, 1), (0, 2, 0))

    def test_a_late_one_as_reordered(self):
        self.assertEqual(self.verdict(3, 1, 3, 2), (0, 0, 1))

    def test_no_loss_in_what_came_before_the_client(self):
        self.assertEqual(self.verdict(5, 4, 5, owed_from=4), (0, 0, 0))

    def test_no_fault_in_what_was_under_way_while_the_client_connected(self):
        self.assertEqual(self.verdict(5, 3, 4, 5, owed_from=4), (0, 0, 0))

    def test_no_fault_in_an_event_whose_answer_is_still_under_way(self):
        self.assertEqual(self.verdict(2, 1, 2, 3), (0, 0, 0))

    def test_an_event_of_a_foreign_channel(self):
        out = ledger(0)
        out.delivered("ann", "other", 1)
        self.assertEqual(len(out.complaints), 1)


class Schedule(unittest.TestCase):
    def test_is_the_same_for_the_same_seed_and_holds_3_to_6_faults(self):
        for seed in range(200):
            drawn = schedule(random.Random(seed), 10, seed % 2 == 0)
            self.assertEqual(drawn, schedule(random.Random(seed), 10, seed % 2 == 0))
            self.assertTrue(3 <= len(drawn) <= 6, drawn)

    def test_draws_every_kind(self):
        kinds = {fault.kind for seed in range(50) for fault in schedule(random.Random(seed), 10, True)}
        self.assertEqual(kinds, set(KINDS))


class Seeds(unittest.TestCase):
    def check(self, seed, clustered):
        result = carry_out(seed, clustered)
        self.assertFalse(result["failed"], f"again: scripts/proof --seed {seed} --nats {result['nats']}\n{result}")
        self.assertGreater(result["deliveries"], 1000)

    def test_nodes_and_nats_killed_and_a_slow_reader(self):
        self.check(11, False)

    def test_a_link_that_is_silent_and_a_drain(self):
        self.check(3, False)

    def test_three_servers_one_killed(self):
        self.check(8, True)


if __name__ == "__main__":
    unittest.main()
