"""The verdict finds what grows and leaves noise alone; a few real rounds end with nothing left."""
import asyncio
import random
import unittest

from soak import Soak
from trend import Verdict, slope


def series(value_at, count=40):
    return [(10.0 * i, value_at(i)) for i in range(count)]


class Trend(unittest.TestCase):
    def test_the_slope_is_of_most_samples_not_of_outliers(self):
        points = series(lambda i: 2.0 * i)
        points[7] = (70.0, 9000.0)
        self.assertAlmostEqual(slope(points), 0.2)

    def test_what_grows_round_after_round_leaks(self):
        self.assertTrue(Verdict(series(lambda i: 1000 + 3 * i), allowed=50).leaks)

    def test_growth_is_found_under_noise(self):
        noise = random.Random(1)
        self.assertTrue(Verdict(series(lambda i: 1000 + 10 * i + noise.uniform(-60, 60)), allowed=100).leaks)

    def test_noise_alone_is_no_leak(self):
        noise = random.Random(1)
        self.assertFalse(Verdict(series(lambda i: 1000 + noise.uniform(-60, 60)), allowed=50).leaks)

    def test_a_rise_that_ends_is_no_leak(self):
        self.assertFalse(Verdict(series(lambda i: min(i, 10) * 100), allowed=50).leaks)

    def test_what_shrinks_is_no_leak(self):
        self.assertFalse(Verdict(series(lambda i: 1000 - 5 * i), allowed=50).leaks)


class Rounds(unittest.TestCase):
    def test_eight_rounds_leave_nothing_behind_and_nobody_lacks_an_event(self):
        soak = Soak(minutes=5, seed=3, rounds=8)
        asyncio.run(soak.carry_out())
        self.assertEqual(soak.complaints, [])
        self.assertEqual((soak.done, soak.faults), (8, 8))
        grown = {" ".join(key): verdict.growth for key, verdict in soak.verdicts().items() if verdict.leaks}
        # Eight rounds are too few to tell a leak of memory from a cache that fills, and end before what is kept for
        # 30 s goes.
        self.assertEqual({name: growth for name, growth in grown.items()
                          if name.split(" ", 1)[1] not in ("memory", "stream bytes", "positions")}, {})


if __name__ == "__main__":
    unittest.main()
