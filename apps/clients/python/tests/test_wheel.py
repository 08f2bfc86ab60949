"""The wheel, as an empty project gets it: it installs alone, is typed, and the lines of its README work on a real node."""

import glob
import os
import re
import select
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
import unittest
import zipfile

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(HERE, "..", "..", "..", "tests", "integration"))
from harness import BIN, Cluster, token  # noqa: E402

# The interpreter that Debian's python3-setuptools, -wheel, -pip and -venv are for.
PYTHON = "/usr/bin/python3" if os.path.exists("/usr/bin/python3") else sys.executable
TOKEN = """
import os


def fetch_token(reason: str) -> str:
    return os.environ["TOKEN"]
"""


def run_quietly(*command, cwd="/"):
    done = subprocess.run(command, capture_output=True, text=True, cwd=cwd, timeout=120, check=False)
    if done.returncode:
        raise AssertionError(f"{command}\n{done.stdout}\n{done.stderr}")
    return done.stdout


def readme():
    """Its Python programs: the blocking one, and the one of asyncio inside what runs it."""
    with open(os.path.join(HERE, "README.md"), encoding="utf-8") as file:
        blocking, with_asyncio = re.findall(r"^```python\n(.*?)^```", file.read(), re.M | re.S)
    imports, rest = with_asyncio.split("\n", 1)
    running = f"import asyncio\n{imports}\n{TOKEN}\n\nasync def main() -> None:\n{textwrap.indent(rest, '    ')}\n\nasyncio.run(main())\n"
    return {"blocking": TOKEN + blocking, "with_asyncio": running}


class WheelTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.scratch = folder.name
        source = os.path.join(cls.scratch, "source")
        shutil.copytree(HERE, source, ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
        run_quietly(PYTHON, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index",
                    "--wheel-dir", cls.scratch, source)  # fmt: skip
        (cls.wheel,) = glob.glob(os.path.join(cls.scratch, "starling_client-*.whl"))
        run_quietly(PYTHON, "-m", "venv", os.path.join(cls.scratch, "venv"))
        cls.python = os.path.join(cls.scratch, "venv", "bin", "python")
        run_quietly(cls.python, "-m", "pip", "install", "--no-index", cls.wheel)

    def test_it_holds_the_package_alone(self):
        with zipfile.ZipFile(self.wheel) as packed:
            names = packed.namelist()
        self.assertIn("starling/py.typed", names)
        self.assertTrue(any(name.endswith("LICENSE") for name in names), names)
        self.assertFalse([name for name in names if "test" in name])

    def program(self, name, **words):
        text = readme()[name]
        for old, new in words.items():
            self.assertIn(old, text)
            text = text.replace(old, new)
        path = os.path.join(self.scratch, f"{name}.py")
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path

    @unittest.skipUnless(shutil.which("mypy"), "mypy is not installed (scripts/deps --test)")
    def test_its_types_hold_and_a_wrong_use_does_not_pass(self):
        check = ("mypy", "--strict", "--python-executable", self.python)
        run_quietly(*check, *map(self.program, readme()), cwd=self.scratch)
        wrong = os.path.join(self.scratch, "wrong.py")
        with open(wrong, "w", encoding="utf-8") as file:
            file.write("from starling import Starling\n\nfor event in Starling(8080):\n    event.room.upper()\n")
        with self.assertRaisesRegex(AssertionError, r'(?s)incompatible type "int".*Item "None" of "Optional\[str\]"'):
            run_quietly(*check, wrong, cwd=self.scratch)

    @unittest.skipUnless((BIN / "starlingd").exists(), "no node is built (scripts/build)")
    def test_the_lines_of_the_readme_work_on_a_real_node(self):
        cluster = Cluster(1)
        self.addCleanup(cluster.close)
        (node,) = cluster.nodes
        url = "http://{}:{}".format(*node.public)
        said = self.first_line("blocking", url, lambda: node.publish(room="lobby", event="news", data={"a": 1}))
        self.assertEqual(said, "lobby admin {'a': 1}\n")
        pongs = {"events": []}

        def ping():
            node.publish(room="lobby", event="ping", data={"a": 2})
            reply = node.http("GET", "/api/rooms/lobby/history", token=token(rooms=["lobby"]))
            pongs["events"] = [event for event in reply.json["events"] if event["event"] == "pong"]
            return pongs["events"]
        self.first_line("with_asyncio", url, ping)
        self.assertEqual((pongs["events"][0]["sender"], pongs["events"][0]["data"]), ("ann", {"a": 2}))

    def first_line(self, name, url, meanwhile):
        """What the program says first, or "" when `meanwhile`, which is called again and again, answers a list that is not
        empty."""
        path = self.program(name, **{"https://push.example": url})
        environment = {"TOKEN": token("ann", rooms=["lobby"], publish=True), "PYTHONUNBUFFERED": "1"}
        with subprocess.Popen([self.python, path], stdout=subprocess.PIPE, text=True, env=environment) as running:
            try:
                end = time.monotonic() + 20
                while time.monotonic() < end:
                    if isinstance(done := meanwhile(), list) and done:
                        return ""
                    if select.select([running.stdout], [], [], 0.2)[0]:
                        return running.stdout.readline()
                raise AssertionError(f"{name} heard nothing in 20 s, exit {running.poll()}")
            finally:
                running.kill()


if __name__ == "__main__":
    unittest.main()
