"""``%%activation`` in IPython's own shell."""

from __future__ import annotations

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from dlaaw_nb.engine import build

pytestmark = pytest.mark.skipif(build.compiler() is None, reason="needs a C++ compiler")

CELL = """__device__ float forward(float x, float beta) { return x / (1.0f + expf(-beta * x)); }
__device__ float backward(float x, float dy, float beta) {
  const float s = 1.0f / (1.0f + expf(-beta * x));
  return dy * (s + beta * x * s * (1.0f - s));
}
"""


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "dlaaw_nb")
    yield shell
    InteractiveShell.clear_instance()


def test_cell_makes_a_class_and_shows_it(shell):
    shown = shell.run_cell_magic("activation", "Swish beta=1.0", CELL)
    assert "Swish(beta=1.0)" in shown.axes[0].get_legend().get_texts()[0].get_text()
    swish = shell.user_ns["Swish"]
    assert repr(swish(beta=2.0)) == "Swish(beta=2.0)"


def test_networks_of_cells_know_it(shell):
    assert shell.run_cell_magic("activation", "Swish beta=1.0 --quiet", CELL) is None
    net = shell.run_cell_magic(
        "nnworkflow",
        "net --data breast_cancer --epochs 20",
        "Linear(5, 3)\nSwish(beta=0.5)\nLinear(3, 1)\nSigmoid()",
    )
    shell.run_line_magic("train", "net")
    assert shell.user_ns["net_result"].model.layers == net.layers


def test_kernel_shows_what_was_written(shell, capsys):
    shell.run_cell_magic("activation", "Swish beta=1.0 --quiet", CELL)
    shell.run_line_magic("kernel", "Swish")
    assert "-beta * x" in capsys.readouterr().out


def test_fault_has_the_line_of_the_cell(shell):
    with pytest.raises(UsageError, match=r"line 4: .*expg.*\n +const float s"):
        shell.run_cell_magic(
            "activation", "Swish beta=1.0", CELL.replace("s = 1.0f / (1.0f + expf", "s = (expg")
        )
    assert "Swish" not in shell.user_ns


def test_wrong_derivative_is_an_error_unless_it_is_meant(shell):
    wrong = CELL.replace("1.0f - s", "1.1f - s")
    with pytest.raises(UsageError, match="backward does not fit forward: at x = "):
        shell.run_cell_magic("activation", "Swish beta=1.0", wrong)
    shell.run_cell_magic("activation", "Swish beta=1.0 --no-check --quiet", wrong)
    assert "Swish" in shell.user_ns


@pytest.mark.parametrize("line", ["Swish beta", "Swish beta=much"])
def test_hyperparameter_without_a_number_is_told(shell, line):
    with pytest.raises(UsageError, match=r"expected NAME=NUMBER, such as beta=1\.0, got"):
        shell.run_cell_magic("activation", line, CELL)
