"""The magic %%cuda."""

from __future__ import annotations

import numpy as np
import pytest
from engine_support import needs_compiler
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

pytestmark = needs_compiler


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    made = InteractiveShell.instance(config=config)
    made.run_line_magic("load_ext", "dlaaw_nb")
    yield made
    InteractiveShell.clear_instance()


CELL = """__global__ void twice(float* x, int n) {
  int i = blockIdx.x * blockDim.x + threadIdx.x;
  if (i < n) x[i] *= 2.0f;
}
"""


def test_kernels_of_a_cell_become_functions(shell):
    shown = shell.run_cell_magic("cuda", "--target cpu", CELL)
    x = np.arange(5, dtype=np.float32)
    shell.push({"x": x})
    shell.run_cell("twice(x, 5)").raise_error()
    assert x.tolist() == [0, 2, 4, 6, 8]
    assert "CUDA on cpu (emulated), compiled in" in repr(shown)
    assert "twice(float* x, int n)" in shown._repr_html_()


def test_name_holds_all_kernels_of_the_cell(shell):
    shell.run_cell_magic("cuda", "mine --target cpu", CELL)
    assert shell.user_ns["mine"].twice is shell.user_ns["twice"]
    assert shell.user_ns["mine"].name == "mine"


def test_compile_error_shows_the_line_of_the_cell(shell):
    with pytest.raises(UsageError, match=r"line 3: .*\n +if \(i < n\) x\[i\] \*= two;"):
        shell.run_cell_magic("cuda", "--target cpu", CELL.replace("2.0f", "two"))


def test_check_watches_and_says_so(shell):
    shown = shell.run_cell_magic("cuda", "--check", CELL)
    assert "every access watched" in repr(shown)
    shell.push({"x": np.zeros(5, np.float32)})
    result = shell.run_cell("twice(x, 6)")
    assert "outside of an array" in str(result.error_in_exec)
    assert "line 3" in str(result.error_in_exec)


@pytest.mark.parametrize("line", ["two words", "a-b", "--target nowhere", "--nothing"])
def test_line_that_means_nothing_is_refused(shell, line):
    with pytest.raises(UsageError):
        shell.run_cell_magic("cuda", line, CELL)
    assert "twice" not in shell.user_ns


def test_html_is_escaped(shell):
    shown = shell.run_cell_magic("cuda", "--target cpu", CELL)
    shown._module.kernels["twice"]._kernel = "<script>"
    assert "<script>" not in shown._repr_html_()
