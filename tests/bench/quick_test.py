"""A short real run of scripts/bench: do the servers start, is every event counted, is there a table? Needs build/bin."""
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest
from unittest import mock

import bench


class QuickRun(unittest.TestCase):
    def test_rows_against_the_floor(self):
        with tempfile.TemporaryDirectory() as folder:
            out = pathlib.Path(folder)
            said = io.StringIO()
            asked = ["bench.py", "--quick", "fanout-1k", "ws-fanout-1k", "publish-batch", "partitions"]
            with mock.patch.object(bench, "OUT", out / "bench"), mock.patch.object(sys, "argv", asked), \
                    contextlib.redirect_stdout(said):
                code = bench.main()
            self.assertEqual(code, 0, said.getvalue())
            verdicts = json.loads((out / "bench/verdicts.json").read_text())
            figures = {(v["subject"], v["metric"]): v["value"] for v in verdicts}
            for run, metric in (("fanout-1k.memory", "deliveries_per_s"), ("fanout-1k.ws", "deliveries_per_s"),
                                ("publish-batch.memory", "acks_per_s"), ("publish-batch.jetstream", "acks_per_s"),
                                ("partitions.parts", "acks_per_s")):
                self.assertGreater(figures[run, metric], 1000, run)
            self.assertIn("| fanout-1k: one room of 1,000 |", (out / "bench/table.md").read_text())


if __name__ == "__main__":
    unittest.main()
