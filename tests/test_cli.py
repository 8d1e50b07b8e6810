"""The ``dlaaw`` command as a person or a script meets it: real processes, real files."""

from __future__ import annotations

import csv
import fcntl
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import threading
import warnings
from pathlib import Path

import pytest

from dlaaw_nb import Linear, Model, NNWorkflow, ReLU, Softmax, datasets
from dlaaw_nb.cli.app import build_parser

COMMANDS = ("demo", "spec", "train", "cv", "sweep", "predict", "targets", "cache")
TIMEOUT_S = 120


@pytest.fixture
def dlaaw(tmp_path):
    """Run ``dlaaw`` with these words in an empty folder."""

    def run(*words, **options):
        command = [sys.executable, "-m", "dlaaw_nb", *map(str, words)]
        options = {"capture_output": True, "text": True, "timeout": TIMEOUT_S, **options}
        return subprocess.run(command, cwd=tmp_path, check=False, **options)

    return run


@pytest.fixture
def network(dlaaw, tmp_path):
    """A specification file of the paper's first network, with few epochs."""
    done = dlaaw("spec", "5-3-1", "--epochs", 250, "-o", "network.json")
    assert done.returncode == 0, done.stderr
    return tmp_path / "network.json"


@pytest.fixture
def model(dlaaw, network, tmp_path):
    """A trained model in a file."""
    done = dlaaw("train", network, "breast_cancer", "-o", "model.json")
    assert done.returncode == 0, done.stderr
    return tmp_path / "model.json"


@pytest.fixture
def table(tmp_path):
    """The breast cancer data as a CSV file with a header and the label column in front."""
    frame = datasets.load("breast_cancer").to_frame()
    frame = frame[[frame.columns[-1], *frame.columns[:-1]]]
    frame.columns = ["diagnosis", "radius", "texture", "perimeter", "area", "smoothness"]
    path = tmp_path / "tumours.csv"
    frame.to_csv(path, index=False)
    return path


def assert_one_clean_line(done, *words, code=1):
    assert done.returncode == code, done.stderr
    assert done.stderr.startswith("dlaaw: error: ")
    assert done.stderr.count("\n") == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    for word in words:
        assert word in done.stderr


# help and usage


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_each_command_ends_with_an_example_that_parses(dlaaw, command):
    done = dlaaw(command, "--help")
    assert done.returncode == 0
    _, examples = done.stdout.split("example:\n")
    for line in examples.strip().splitlines():
        words = line.split(" | ")[0].split()
        assert words[:2] == ["dlaaw", command]
        build_parser().parse_args(words[1:])


def test_help_without_command_lists_all_commands_and_exit_codes(dlaaw):
    done = dlaaw("--help")
    assert done.returncode == 0
    for word in (*COMMANDS, "exit codes", "130"):
        assert word in done.stdout


def test_help_imports_nothing_heavy():
    code = (
        "import sys; from dlaaw_nb.cli import main; main(['train', '--help']);"
        "heavy = {'numpy', 'pandas', 'matplotlib', 'jsonschema', 'tqdm', 'nbclient', 'nbformat'};"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=TIMEOUT_S
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    "words", [[], ["frobnicate"], ["train"], ["spec", "5"], ["spec", "five-3-1"], ["cv", "--folds"]]
)
def test_usage_when_wrong_exits_with_2(dlaaw, words):
    done = dlaaw(*words)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: dlaaw")


def test_version_is_that_of_the_package(dlaaw):
    import dlaaw_nb

    assert dlaaw("--version").stdout == f"dlaaw {dlaaw_nb.__version__}\n"


# spec


def test_spec_with_options_writes_a_file_that_loads(dlaaw, tmp_path):
    done = dlaaw(
        "spec", "13-8-5-1", "--activation", "tanh", "--learning-rate", 0.01, "-o", "grid.json"
    )
    assert done.returncode == 0
    network = NNWorkflow.load(tmp_path / "grid.json")
    assert [layer.name for layer in network.layers][:2] == ["Linear1", "Tanh1"]
    assert network.hidden == (8, 5)
    assert network.learning_rate == 0.01
    assert network.momentum == 0.9


def test_spec_without_output_prints_json(dlaaw):
    assert json.loads(dlaaw("spec", "5-3-1").stdout)["format"] == "dlaaw-nb/spec"


# train


def test_train_prints_costs_and_accuracy_and_saves_the_model(dlaaw, network, tmp_path):
    done = dlaaw("train", network, "breast_cancer", "-o", "model.json")
    assert done.returncode == 0
    lines = [line.split() for line in done.stdout.splitlines()]
    costs = [(int(line[1]), float(line[3])) for line in lines if line[:1] == ["epoch"]]
    assert [epoch for epoch, _ in costs] == [0, 100, 200, 249]
    assert costs[-1][1] < costs[0][1]
    assert "accuracy" in done.stdout
    assert "saved to model.json" in done.stdout
    assert (
        Model.load(tmp_path / "model.json").predict(datasets.load("breast_cancer")).accuracy > 0.8
    )


def test_train_json_prints_one_document_and_nothing_else(dlaaw, network):
    done = dlaaw("train", network, "breast_cancer", "--json", "--epochs", 120)
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert document["epochs_done"] == 120
    assert 0.5 < document["accuracy"] <= 1


def test_train_with_a_named_label_uses_that_column(dlaaw, network, table):
    named = json.loads(dlaaw("train", network, table, "--label", "diagnosis", "--json").stdout)
    placed = json.loads(dlaaw("train", network, table, "--label", 0, "--json").stdout)
    assert named["costs"] == placed["costs"]
    assert named["accuracy"] > 0.8


def test_train_with_a_test_set_tests_on_all_its_rows(dlaaw, network):
    done = dlaaw("train", network, "breast_cancer", "--test", "breast_cancer", "--json")
    assert json.loads(done.stdout)["test_rows"] == 569


def test_train_with_a_test_fraction_tests_on_that_share(dlaaw, network):
    done = dlaaw("train", network, "breast_cancer", "--test-fraction", 0.5, "--json")
    assert json.loads(done.stdout)["test_rows"] == pytest.approx(569 / 2, abs=1)


def test_train_that_diverges_exits_with_3_and_says_when(dlaaw, network):
    done = dlaaw("train", network, "breast_cancer", "--learning-rate", 3e38)
    assert done.returncode == 3
    assert "epoch" in done.stderr
    assert "Traceback" not in done.stderr


def test_train_interrupted_saves_the_partial_model_and_exits_with_130(network, tmp_path):
    command = [sys.executable, "-m", "dlaaw_nb", "train", network, "breast_cancer"]
    command += ["--epochs", "100000000", "-o", "partial.json"]
    with subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        while "cost" not in process.stdout.readline():
            assert process.poll() is None
        process.send_signal(signal.SIGINT)
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        error = process.stderr.read()
        drain.join()
        code = process.wait(TIMEOUT_S)
    assert code == 130, error
    assert "interrupted" in error
    assert "Traceback" not in error
    assert Model.load(tmp_path / "partial.json").parameters


# cross-validation and sweep


def test_cv_prints_every_fold_mean_and_variance(dlaaw, network, tmp_path):
    done = dlaaw("cv", network, "breast_cancer", "--folds", 4, "--stratified", "-o", "folds.csv")
    assert done.returncode == 0, done.stderr
    assert "on average" in done.stdout
    assert "variance" in done.stdout
    with (tmp_path / "folds.csv").open() as file:
        assert [row["fold"] for row in csv.DictReader(file)] == ["0", "1", "2", "3"]


def test_cv_json_has_a_trial_for_each_fold(dlaaw, network):
    document = json.loads(dlaaw("cv", network, "breast_cancer", "--json").stdout)
    assert len(document["trials"]) == 5
    assert 0.8 < document["mean"] <= 1


def test_sweep_runs_the_grid_and_saves_table_and_best_model(dlaaw, network, tmp_path):
    done = dlaaw(
        "sweep", network, "breast_cancer", "--learning-rate", 0.1, 0.0001, "--momentum", 0.9,
        "--hidden", 3, 8, "-o", "table.csv", "--best-model", "best.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    with (tmp_path / "table.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 4
    assert "best" in done.stdout
    assert "learning_rate 0.1," in done.stdout
    assert Model.load(tmp_path / "best.json").parameters


def test_sweep_json_with_a_sample_has_so_many_points(dlaaw, network):
    done = dlaaw(
        "sweep", network, "breast_cancer", "--seed", 0, 1, 2, "--sample", 2, "--folds", 3, "--json"
    )
    points = json.loads(done.stdout)["points"]
    assert [len(point["trials"]) for point in points] == [3, 3]


def test_sweep_where_one_point_diverges_still_names_the_best(dlaaw, network):
    done = dlaaw("sweep", network, "breast_cancer", "--learning-rate", 3e38, 0.1)
    assert done.returncode == 0, done.stderr
    assert "1 of 2 trainings diverged" in done.stderr
    assert "learning_rate 0.1" in done.stdout


def test_sweep_where_all_diverge_exits_with_3(dlaaw, network):
    done = dlaaw("sweep", network, "breast_cancer", "--learning-rate", 3e38, 3.2e38)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr


def test_sweep_with_nothing_to_vary_is_refused(dlaaw, network):
    assert_one_clean_line(dlaaw("sweep", network, "breast_cancer"), "--learning-rate")


def test_sweep_with_folds_and_best_model_is_refused(dlaaw, network):
    words = ("--seed", 0, "--folds", 5, "--best-model", "best.json")
    assert_one_clean_line(dlaaw("sweep", network, "breast_cancer", *words), "--best-model")


# predict


def test_predict_with_labels_saves_rows_and_prints_accuracy(dlaaw, model, tmp_path):
    done = dlaaw("predict", model, "breast_cancer", "-o", "out.csv", "--outputs", "ReLU1")
    assert done.returncode == 0, done.stderr
    assert "569 rows predicted" in done.stdout
    assert "accuracy" in done.stdout
    with (tmp_path / "out.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 569
    assert {"probability", "label", "ReLU1.0", "ReLU1.2"} <= set(rows[0])


def test_predict_without_labels_prints_csv_and_no_accuracy(dlaaw, model, tmp_path):
    (tmp_path / "new.csv").write_text("17.99,10.38,122.8,1001,0.1184\n13,15,85,550,0.1\n")
    done = dlaaw("predict", model, "new.csv")
    assert done.returncode == 0, done.stderr
    rows = list(csv.DictReader(done.stdout.splitlines()))
    assert [row["label"] for row in rows] == ["0", "1"]
    assert done.stderr == "2 rows predicted\n"


def test_predict_json_has_every_probability(dlaaw, model):
    document = json.loads(dlaaw("predict", model, "breast_cancer", "--json").stdout)
    assert len(document["probabilities"]) == 569
    assert document["accuracy"] > 0.8


def test_predict_into_a_closed_pipe_ends_quietly(model, tmp_path):
    command = f"'{sys.executable}' -m dlaaw_nb predict model.json breast_cancer | true"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=tmp_path, capture_output=True, text=True, timeout=TIMEOUT_S, check=False,
    )  # fmt: skip
    assert done.returncode == 0
    assert "Error" not in done.stderr


# targets and cache


def test_targets_lists_the_cpu_with_its_cores(dlaaw):
    found = json.loads(dlaaw("targets", "--json").stdout)
    assert found["cpu"]["cores"] >= 1
    assert dlaaw("targets").stdout.startswith("cpu\n")


def test_cache_fills_by_training_and_clears(dlaaw, network, tmp_path):
    env = {**os.environ, "XDG_CACHE_HOME": str(tmp_path / "c"), "DLAAW_CACHE": str(tmp_path / "c")}

    def size_bytes(*words):
        done = dlaaw("cache", "--json", *words, env=env)
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout)
        assert facts["folder"].startswith(str(tmp_path))
        return facts["size_bytes"]

    assert size_bytes() == 0
    assert dlaaw("train", network, "breast_cancer", env=env).returncode == 0
    assert size_bytes() > 0
    size_bytes("--clear")
    assert size_bytes() == 0


# errors are one line


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["train", "network.json", "absent.csv"], "absent.csv"),
        (["train", "absent.json", "breast_cancer"], "absent.json"),
        (["train", "broken.json", "breast_cancer"], "broken.json"),
        (["train", "network.json", "tumours.csv", "--label", "outcome"], "outcome"),
        (["train", "network.json", "narrow.csv"], "5"),
        (["train", "network.json", "empty.csv"], "empty.csv"),
        (["train", "network.json", "breast_cancer", "--epochs", "0"], "epochs"),
        (["train", "network.json", "breast_cancer", "--batches", "9999"], "9999"),
        (["train", "network.json", "breast_cancer", "--target", "moon"], "moon"),
        (["train", "network.json", "breast_cancer", "-o", "absent/model.json"], "absent"),
        (["train", "network.json", "breast_cancer", "-o", "."], "folder"),
        (["cv", "network.json", "breast_cancer", "--folds", "1"], "folds"),
        (["cv", "network.json", "breast_cancer", "--folds", "570"], "570"),
        (["predict", "network.json", "breast_cancer"], "network.json"),
        (["predict", "absent.json", "breast_cancer"], "absent.json"),
        (["spec", "5-3-2"], "2"),
    ],
)
def test_error_of_ours_is_one_line_and_exits_with_1(dlaaw, network, table, words, said):
    folder = network.parent
    (folder / "broken.json").write_text('{"format": "dlaaw-nb/spec", ')
    (folder / "narrow.csv").write_text("1,2,0\n3,4,1\n5,6,0\n7,8,1\n9,1,0\n2,3,1\n4,5,0\n")
    (folder / "empty.csv").write_text("")
    assert_one_clean_line(dlaaw(*words), said)


# the progress bar


def test_progress_bar_shows_on_a_terminal_only(network, tmp_path):
    command = [sys.executable, "-m", "dlaaw_nb", "train", network, "breast_cancer"]
    command += ["--epochs", "20000"]
    terminal, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=child) as process:
        os.close(child)
        shown = _read_terminal(terminal)
        written = process.stdout.read().decode()
    assert process.returncode == 0
    assert "epochs" in shown
    assert "%" in shown
    assert "%|" not in written
    plain = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True)
    assert plain.stderr == b""


def _read_terminal(descriptor: int) -> str:
    """Read until the other side is closed, which Linux reports as an error."""
    parts = []
    try:
        while part := os.read(descriptor, 65536):
            parts.append(part)
    except OSError:
        pass
    os.close(descriptor)
    return b"".join(parts).decode()


def test_main_called_in_process_returns_the_code(capsys, tmp_path):
    from dlaaw_nb.cli import main

    assert main(["spec", "5-3-1", "-o", str(tmp_path / "n.json")]) == 0
    assert Path(tmp_path / "n.json").exists()
    assert main(["train", "absent.json", "absent.csv"]) == 1
    assert main([]) == 2
    assert "absent.json" in capsys.readouterr().err


def test_convert_rewrites_dataviews_files_and_predict_takes_them(tmp_path, capsys):
    from dlaaw_nb.cli import main

    spec, model = tmp_path / "n.json", tmp_path / "m.json"
    assert main(["spec", "5-3-1", "-o", str(spec)]) == 0
    theirs = tmp_path / "theirs.json"
    assert main(["convert", str(spec), str(theirs), "--to", "dataview"]) == 0
    assert "LayerArc" in theirs.read_text()
    assert main(["convert", str(theirs), str(spec)]) == 0
    assert main(["train", str(spec), "breast_cancer", "-o", str(model)]) == 0
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert main(["convert", str(model), str(theirs), "--to", "dataview"]) == 0
        assert "does not hold the minimum" in capsys.readouterr().err
        assert main(["predict", str(theirs), "breast_cancer", "-o", str(tmp_path / "p.csv")]) == 0
    assert "scaled by those of the 569 rows" in capsys.readouterr().err
    assert main(["convert", str(theirs), str(model)]) == 1
    assert "fixed" in capsys.readouterr().err
    command = ["convert", str(theirs), str(model), "--scale-by", "breast_cancer"]
    assert main(command) == 0
    assert main(["predict", str(spec), "breast_cancer"]) == 1
    assert "expected a trained model" in capsys.readouterr().err


# several classes and numbers


@pytest.fixture
def numbers(tmp_path):
    """A specification that predicts numbers, and rows to train it on."""
    net = NNWorkflow(
        [Linear(2, 4), ReLU(), Linear(4, 1)], loss="MeanSquaredError", epochs=200,
        learning_rate=0.02, normalize="standard",
    )  # fmt: skip
    net.save(tmp_path / "numbers.json")
    rows = [(i % 10, i // 10, 3 * (i % 10) - 2 * (i // 10) + 0.5) for i in range(100)]
    text = "a,b,price\n" + "".join(f"{a},{b},{y}\n" for a, b, y in rows)
    (tmp_path / "rows.csv").write_text(text)
    return "numbers.json", "rows.csv"


def test_train_of_numbers_prints_r2_rmse_and_mae_and_no_accuracy(dlaaw, numbers, tmp_path):
    done = dlaaw("train", *numbers, "-o", "model.json")
    assert done.returncode == 0, done.stderr
    names = [line.split()[0] for line in done.stdout.splitlines() if line]
    assert {"R2", "RMSE", "MAE"} <= set(names)
    assert "accuracy" not in done.stdout
    done = dlaaw("predict", "model.json", "rows.csv", "-o", "out.csv")
    assert "predicted, R2 " in done.stdout
    with (tmp_path / "out.csv").open(newline="") as file:
        assert next(csv.reader(file)) == ["value", "true_value", "residual"]


def test_plans_of_numbers_print_r2(dlaaw, numbers):
    for words in (("cv", *numbers, "--folds", 3), ("sweep", *numbers, "--momentum", 0, 0.9)):
        done = dlaaw(*words)
        assert done.returncode == 0, done.stderr
        assert "R2 " in done.stdout
        assert "accuracy" not in done.stdout


def test_train_of_words_against_numbers_names_file_line_and_column(dlaaw, numbers, tmp_path):
    (tmp_path / "rows.csv").write_text("a,b,price\n1,2,3\n4,5,dear\n")
    done = dlaaw("train", *numbers)
    assert done.returncode == 1
    assert "rows.csv, line 3, label column 'price': expected a number" in done.stderr


def test_train_of_three_words_prints_percents(dlaaw, tmp_path):
    NNWorkflow([Linear(1, 3), Softmax()], epochs=50).save(tmp_path / "net.json")
    rows = "".join(f"{i},{'abc'[i // 10]}\n" for i in range(30))
    (tmp_path / "rows.csv").write_text(rows)
    done = dlaaw("train", "net.json", "rows.csv")
    assert done.returncode == 0, done.stderr
    assert "of 5 test rows)" in done.stdout
