"""The wheel, as an empty project gets it: it installs alone, runs, and carries its types."""

import glob
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
import zipfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# The interpreter that Debian's python3-setuptools, -wheel, -pip and -venv are for.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable


class WheelTest(unittest.TestCase):
    def test_it_installs_into_an_empty_environment_and_runs(self):
        with tempfile.TemporaryDirectory() as scratch:
            source = os.path.join(scratch, "source")
            shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
            self.run_quietly(PYTHON, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index",
                             "--wheel-dir", scratch, source)  # fmt: skip
            (wheel,) = glob.glob(os.path.join(scratch, "starling_client-*.whl"))
            with zipfile.ZipFile(wheel) as packed:
                names = packed.namelist()
            self.assertIn("starling/py.typed", names)
            self.assertTrue(any(name.endswith("LICENSE") for name in names), names)
            self.assertFalse([name for name in names if "test" in name])
            self.run_quietly(PYTHON, "-m", "venv", os.path.join(scratch, "venv"))
            python = os.path.join(scratch, "venv", "bin", "python")
            self.run_quietly(python, "-m", "pip", "install", "--no-index", wheel)
            said = self.run_quietly(python, "-c",
                "import starling, starling.aio;"
                "client = starling.Starling('http://127.0.0.1:1', rooms=['lobby']);"
                "print(client.rooms, starling.aio.Starling.__name__)")  # fmt: skip
            self.assertEqual(said.strip(), "['lobby'] Starling")

    def run_quietly(self, *command):
        done = subprocess.run(command, capture_output=True, text=True, cwd="/")
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}\n{done.stderr}")
        return done.stdout


if __name__ == "__main__":
    unittest.main()
