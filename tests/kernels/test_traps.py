"""Every trap of TRAPS.md names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROWS = [
    line
    for line in (Path(__file__).parent / "TRAPS.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| trap |")
]


@pytest.mark.parametrize("row", ROWS, ids=[row[2:40] for row in ROWS])
def test_trap_names_tests_that_exist_or_says_why_not(row):
    tests = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
    assert tests or "not yet: " in row or "cannot occur: " in row
    assert row.count("::") == len(tests)
    for file, name in tests:
        assert f"def {name}(" in (ROOT / file).read_text(encoding="utf-8"), name
