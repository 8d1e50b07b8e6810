"""The magics in IPython's own shell, without a notebook."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from dlaaw_nb import CrossValidation, DivergenceError, NNWorkflow, Prediction, Sweep, TrainingResult

LAYERS = "Linear(5, 3)\n# comment\n\nReLU\nLinear(3, 1)\nSigmoid()\n"


@pytest.fixture
def shell():
    config = Config()
    config.HistoryManager.enabled = False
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance(config=config)
    shell.run_line_magic("load_ext", "dlaaw_nb")
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def net(shell):
    return shell.run_cell_magic("nnworkflow", "net --data breast_cancer --epochs 200", LAYERS)


def test_nnworkflow_makes_the_network_of_the_cell(shell, net):
    assert isinstance(net, NNWorkflow)
    assert shell.user_ns["net"] is net
    assert [layer.name for layer in net.layers] == ["Linear1", "ReLU1", "Linear2", "Sigmoid1"]
    assert (net.epochs, net.batches, net.name) == (200, 6, "net")


def test_nnworkflow_uses_the_persons_variables(shell):
    shell.user_ns["width"] = 7
    network = shell.run_cell_magic(
        "nnworkflow", "wide", "Linear(5, width)\nTanh()\nLinear(width, 1)\nSigmoid()"
    )
    assert network.hidden == (7,)


@pytest.mark.parametrize(
    ("cell", "message"),
    [
        ("Linear(5, 3)\nReLU()\nLinear(4, 1)\nSigmoid()", "Line 4 .*Linear\\(4, 1\\).*expected 4"),
        ("Linear(5, 3\nReLU()", "Line 2 of the cell"),
        ("Linear(5, 3)\nx = 1", "Line 3 .*`x = 1`: expected a layer"),
        ("Linear(5, 3)\n7", "Line 3 .*expected a layer"),
        ("Linear(5, 3)\nLinaer(3, 1)", "Line 3 .*Linaer"),
        ("Linear(5, 3)", "Line 2 .*Sigmoid"),
        ("# nothing", "layers"),
    ],
)
def test_nnworkflow_points_at_the_line_of_an_error(shell, cell, message):
    with pytest.raises(UsageError, match=message):
        shell.run_cell_magic("nnworkflow", "bad", cell)
    assert "bad" not in shell.user_ns


def test_train_keeps_the_result_in_the_namespace(shell, net):
    assert shell.run_line_magic("train", "net") is None
    result = shell.user_ns["net_result"]
    assert isinstance(result, TrainingResult)
    assert result.model.network == net
    shell.run_line_magic("train", "net --as other --test-fraction 0.5")
    assert len(shell.user_ns["other"].test_labels) in (284, 285)


def test_train_takes_a_variable_as_data(shell, net):
    rng = np.random.default_rng(0)
    shell.user_ns["mine"] = rng.random((60, 5)), np.arange(60) % 2
    shell.run_line_magic("train", "net --data mine")
    assert shell.user_ns["net_result"].dataset.rows == 60


def test_cv_and_sweep_and_predict_keep_their_results(shell, net):
    shell.run_line_magic("cv", "net --folds 3")
    assert isinstance(shell.user_ns["net_cv"], CrossValidation)
    shell.user_ns["rates"] = [0.3, 0.1]
    shell.run_line_magic("sweep", "net --learning-rate rates 0.05 --hidden 3 4,2")
    sweep = shell.user_ns["net_sweep"]
    assert isinstance(sweep, Sweep)
    assert [p.settings["learning_rate"] for p in sweep.points] == [0.3, 0.3, 0.1, 0.1, 0.05, 0.05]
    assert {tuple(p.settings["hidden"]) for p in sweep.points} == {(3,), (4, 2)}
    shell.run_line_magic("train", "net")
    shell.run_line_magic("sweep", "net --seed range(3) --normalize minmax")
    assert [p.settings["seed"] for p in shell.user_ns["net_sweep"].points] == [0, 1, 2]
    assert isinstance(shell.run_line_magic("predict", "net_result breast_cancer"), Prediction)
    assert isinstance(shell.user_ns["net_prediction"], Prediction)


def test_sweep_of_many_points_is_asked_for_before_it_runs(shell, net):
    shell.user_ns["many"] = list(np.linspace(0.001, 0.5, 400))
    shell.user_ns["seeds"] = list(range(250))
    with pytest.raises(UsageError, match=r"100,000 trainings.*--yes"):
        shell.run_line_magic("sweep", "net --learning-rate many --seed seeds")
    shell.run_line_magic("sweep", "net --learning-rate many --seed seeds --sample 3")
    assert len(shell.user_ns["net_sweep"].points) == 3


def test_background_leaves_a_job_and_then_a_result(shell, net):
    shell.run_line_magic("train", "net --background")
    job = shell.user_ns["net_job"]
    assert job.wait(60)
    assert job.state == "finished"
    assert job.result is shell.user_ns["net_result"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("train nothing", "Networks here: net"),
        ("train net --data none.csv", "none.csv"),
        ("cv net --folds 1", "folds"),
        ("predict nothing breast_cancer", "expected a model"),
        ("kernel Nothing", "no kernel"),
        ("train net --target moon", "moon"),
    ],
)
def test_magic_with_bad_words_says_what_was_expected(shell, net, line, message):
    magic, _, rest = line.partition(" ")
    with pytest.raises(UsageError, match=message):
        shell.run_line_magic(magic, rest)


def test_divergence_keeps_what_came_before(shell, net):
    shell.run_cell_magic("nnworkflow", "wild --learning-rate 1e39 --data breast_cancer", LAYERS)
    with pytest.raises(UsageError, match="NaN or infinite") as caught:
        shell.run_line_magic("train", "wild")
    assert isinstance(caught.value.__cause__, DivergenceError)
    assert shell.user_ns["wild_result"].diverged_at is not None


def test_kernel_shows_escaped_source(shell, net):
    from dlaaw_nb.notebook.kernel_source import find_sources

    (source,) = find_sources("Linear")
    html = source._repr_html_()
    assert (
        "template &lt;int UNITS" in html.replace('<span style="color:', "<span") or "&lt;" in html
    )
    assert "<int" not in html
    assert find_sources(net)[0].text.startswith("#include")


def test_targets_lists_the_cpu(shell):
    assert "cpu" in shell.run_line_magic("targets", "")._repr_html_()


def test_magics_go_with_the_extension(shell):
    shell.run_line_magic("unload_ext", "dlaaw_nb")
    assert "sweep" not in shell.magics_manager.magics["line"]
    assert "nnworkflow" not in shell.magics_manager.magics["cell"]


def test_load_ext_loads_no_widgets():
    code = (
        "import sys; from IPython.core.interactiveshell import InteractiveShell as S;"
        "s = S.instance(); s.run_line_magic('load_ext', 'dlaaw_nb');"
        "print([m for m in ('ipywidgets', 'anywidget', 'matplotlib', 'pandas', 'numpy') "
        "if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_nnworkflow_takes_a_recipe_by_words(shell):
    shell.run_cell_magic(
        "nnworkflow",
        "words --optimizer Adam(beta1=0.8) --schedule CosineDecay --early-stopping 9 "
        "--weight-decay 0.01 --clip-norm 1 --shuffle every_epoch --learning-rate 0.01",
        "Linear(5, 4)\nBatchNorm1d()\nReLU()\nDropout(0.1)\nLinear(4, 2)\nSoftmax()",
    )
    net = shell.user_ns["words"]
    assert repr(net.optimizer) == "Adam(beta1=0.8)"
    assert net.schedule.kind == "CosineDecay"
    assert net.early_stopping.patience == 9
    assert (net.shuffle, net.clip_norm, net.weight_decay) == ("every_epoch", 1.0, 0.01)
    assert net.loss.kind == "CrossEntropy"


def test_sweep_tries_optimizers_by_name(shell):
    shell.run_cell_magic("nnworkflow", "few --epochs 20", "Linear(5, 1)\nSigmoid()")
    shell.run_line_magic("sweep", "few --data breast_cancer --optimizer SGD Adam(beta1=0.5)")
    table = shell.user_ns["few_sweep"].table()
    assert table["optimizer"].tolist() == ["SGD", "Adam(beta1=0.5)"]


def test_kernel_shows_every_part(shell, capsys):
    from dlaaw_nb.engine import resources

    for name in resources.kernel_names():
        folder, _, file = name.partition("/")
        if folder in ("layers", "losses", "optimizers", "schedules"):
            shell.run_line_magic("kernel", file.removesuffix(".cuh"))


def test_kernel_of_an_imported_class_is_that_of_its_name(shell):
    shell.run_cell("from dlaaw_nb import Adam, Linear")
    shell.run_line_magic("kernel", "Adam")
    shell.run_cell_magic("nnworkflow", "few --epochs 20", "Linear(5, 1)\nSigmoid()")
    shell.run_line_magic("sweep", "few --data breast_cancer --optimizer SGD Adam")
    table = shell.user_ns["few_sweep"].table()
    assert [str(value) for value in table["optimizer"]] == ["SGD", "Adam()"]
