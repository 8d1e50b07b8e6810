"""What the README shows is what happens."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from dlaaw_nb import datasets

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
SCREEN_LINES = 24
TIMEOUT_S = 120


def blocks(language: str) -> list[str]:
    """Give the code blocks of one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


def test_readme_has_the_two_commands_once_each():
    assert [block.strip() for block in blocks("bash")] == [
        "pip install . && dlaaw demo",
        'pip install ".[test]" && pytest',
    ]


def test_readme_example_fits_a_screen_and_runs(tmp_path):
    (example,) = blocks("python")
    assert example.count("\n") <= SCREEN_LINES
    frame = datasets.load("breast_cancer").to_frame()
    frame.to_csv(tmp_path / "tumours.csv", index=False)
    frame.iloc[:50, :-1].to_csv(tmp_path / "new_tumours.csv", index=False)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", example],
        cwd=tmp_path, capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "SweepPoint" in done.stdout


@pytest.mark.slow
def test_readme_terminal_session_runs(tmp_path):
    (session,) = [block for block in blocks("console") if "dlaaw" in block]
    lines = [line.removeprefix("$ ") for line in session.strip().splitlines()]
    assert len(lines) >= 3
    for line in lines:
        program, *words = shlex.split(line)
        assert program == "dlaaw"
        done = subprocess.run(
            [sys.executable, "-m", "dlaaw_nb", *words],
            cwd=tmp_path, capture_output=True, text=True, check=False, timeout=TIMEOUT_S,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
