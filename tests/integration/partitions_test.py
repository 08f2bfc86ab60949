"""A store in several partitions, and nodes that are configured otherwise."""
import unittest

from harness import Cluster, Node, fresh


class Otherwise(unittest.TestCase):
    def test_a_node_with_another_number_of_partitions_ends_with_2_and_says_the_way_out(self):
        cluster = Cluster(1, "nats.partitions=3", nats=True)
        self.addCleanup(cluster.close)
        with self.assertRaisesRegex(AssertionError, "exit 2 while starting") as failed:
            Node(cluster.folder, fresh("other"), nats=cluster.nats)
        last = str(failed.exception).strip().splitlines()[-1]
        self.assertRegex(last, "^starlingd: the store 'starling' has 3 partitions .*"
                               "nats.partitions = 1 is configured.* delete its streams")
        self.assertTrue(cluster.nodes[0].ready())


if __name__ == "__main__":
    unittest.main()
