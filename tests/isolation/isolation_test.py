"""Nothing of a tenant is seen by another, whatever both do; and this suite would notice."""
import random
import unittest
from unittest import mock

import story
import world
from harness import Cluster
from isolate import SETTINGS
from sweep import Sweep

STEPS = 10_000


class Stories(unittest.TestCase):
    def play(self, nodes, seed, steps):
        cluster = Cluster(nodes, *SETTINGS)
        self.addCleanup(cluster.close)
        story.run(cluster.nodes, seed, steps)

    def test_two_tenants_on_one_node_see_nothing_of_each_other(self):
        self.play(1, 1, STEPS)

    def test_two_tenants_on_three_nodes_see_nothing_of_each_other(self):
        self.play(3, 2, STEPS)


class Checks(unittest.TestCase):
    def test_a_node_that_takes_both_tenants_for_one_is_found(self):
        cluster = Cluster(1, *SETTINGS)
        self.addCleanup(cluster.close)
        one_tenant = world.Actor
        sign = world.World.token

        def of_one_tenant(self, actor):
            return sign(self, one_tenant(self.tenants[0], actor.user, actor.claims))

        with mock.patch.object(world.World, "token", of_one_tenant), self.assertRaises(AssertionError) as found:
            story.run(cluster.nodes, 1, 400, shorten_seconds=2)
        self.assertRegex(str(found.exception), r"(?s)^seed 1, step \d+: .*The shortest story that fails has \d+ steps")

    def test_the_sweep_finds_words_sessions_and_fields_of_others(self):
        client = "00000000-0000-0000-0000-000000000001"
        sweep = Sweep()
        sweep.add_secret("a", "olive")
        sweep.add_session("a", client)
        self.assertEqual(sweep.leaks("a", f"olive {client}"), "")
        self.assertIn("secret of a", sweep.leaks("b", "an olive-1"))
        self.assertIn(client, sweep.leaks("b", f'{{"client_id":"{client}"}}'))
        self.assertEqual(sweep.leaks("b", f"no session {client}", said=f"/sessions/{client}"), "")
        self.assertIn("'a'", sweep.leaks_in_fields("b", {"rooms": [{"tenant": "b"}, {"tenant": "a"}]}))

    def test_a_story_is_shortened_to_the_steps_it_needs(self):
        steps = [("step", n) for n in range(200)]
        random.Random(1).shuffle(steps)
        needed = {("step", 17), ("step", 160)}
        self.assertEqual(set(story.shortened(steps, lambda part: needed <= set(part), 10)), needed)


if __name__ == "__main__":
    unittest.main()
