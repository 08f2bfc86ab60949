"""The table of README.md names all rows, and only tests that there are."""
import pathlib
import re
import unittest

HERE = pathlib.Path(__file__).resolve().parent
TESTS = HERE.parents[1]
CLIENTS = TESTS.parent / "apps" / "clients"
ELSEWHERE = {"js": CLIENTS / "js" / "test", "python": CLIENTS / "python" / "tests"}
ROWS = [f"{letter}{number}" for letter, count in (("N", 45), ("G", 16), ("C", 26), ("O", 19), ("D", 9), ("X", 47))
        for number in range(1, count + 1)]


class Table(unittest.TestCase):
    def setUp(self):
        lines = (HERE / "README.md").read_text(encoding="utf-8").splitlines()
        self.table = dict(re.match(r"\| ([A-Z]\d+) \| (.*) \|$", line).groups() for line in lines
                          if re.match(r"\| [A-Z]\d+ \|", line))
        self.here = {row for file in HERE.glob("*_rows_test.py")
                     for name in re.findall(r"def test_((?:[A-Z]\d+_)+)", file.read_text(encoding="utf-8"))
                     for row in name.strip("_").split("_")}

    def test_every_row_is_there_once_and_says_something(self):
        self.assertEqual(list(self.table), ROWS)
        for row, shown in self.table.items():
            self.assertRegex(shown, r"\bhere\b|does not apply|`|^[A-Z]\d+", row)

    def test_rows_shown_here_are_tested_here_and_the_other_way_round(self):
        said = {row for row, shown in self.table.items() if re.match(r"here\b", shown)}
        self.assertEqual(said, self.here)

    def test_the_files_that_are_named_exist(self):
        for row, shown in self.table.items():
            for folder, name in re.findall(r"`([a-z]+)/([a-z_.]+\.(?:cpp|mjs|py))`", shown):
                self.assertTrue((ELSEWHERE.get(folder, TESTS / folder) / name).is_file(), f"{row}: {folder}/{name}")

    def test_the_tests_that_are_named_exist(self):
        for row, shown in self.table.items():
            for file, rest in re.findall(r"`([a-z]+/[a-z_]+\.py)`((?:(?!`).)*)", shown):
                text = (TESTS / file).read_text(encoding="utf-8")
                for name in re.findall(r"test_\w+", rest):
                    self.assertIn(f"def {name}(", text, f"{row}: {file}")
