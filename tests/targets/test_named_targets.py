"""Named targets, against a real sshd on loopback: through the gateway, the command and magics."""

from __future__ import annotations

import json
import os
import pty
import socket
import subprocess
import sys
import time

import numpy as np
import pytest
from sshd import Sshd, jump_pair

from dlaaw_nb import Linear, NNWorkflow, ReLU, Sigmoid, datasets, targets
from dlaaw_nb.errors import FormatError, TargetError
from dlaaw_nb.notebook.explorer import sweep_explorer
from dlaaw_nb.targets import targets_edit, targets_file
from dlaaw_nb.targets.settings import BoardSettings

pytestmark = pytest.mark.cluster
TIMEOUT_S = 120


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Sshd(tmp_path_factory.mktemp("named board") / "sshd", banner="Welcome!") as made:
        yield made


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DLAAW_TARGETS", str(tmp_path / "own" / "targets.toml"))
    monkeypatch.setenv("HOME", str(tmp_path))  # no configuration of the person who tests


def table(server, **changes):
    return {
        "kind": "ssh", "host": f"{server.user}@127.0.0.1:{server.port}", "device": "cpu",
        "identity_file": str(server.key), "known_hosts": str(server.known_hosts),
        "config_file": "/nowhere", **changes,
    }  # fmt: skip


@pytest.fixture
def board(server):
    targets_edit.add("board1", table(server), targets_file.user_file())
    return "board1"


@pytest.fixture
def silent():
    """A host that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"127.0.0.1:{listening.getsockname()[1]}"


@pytest.fixture
def dead(silent):
    targets_edit.add("dead", {"kind": "ssh", "host": silent}, targets_file.user_file())
    return "dead"


@pytest.fixture
def dlaaw(tmp_path):
    def run(*words, **options):
        command = [sys.executable, "-m", "dlaaw_nb", "targets", *map(str, words)]
        options = {"capture_output": True, "text": True, "timeout": TIMEOUT_S, **options}
        return subprocess.run(command, cwd=tmp_path, check=False, **options)

    return run


# the gateway


def test_names_are_those_that_are_always_there_then_those_of_files(board):
    assert targets.names()[:2] == ("cpu", "gpu")
    assert "board1" in targets.names()


def test_cpu_needs_no_file_that_can_be_read(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "targets.toml").write_text("[[[")
    assert targets.describe("cpu")["kind"] == "cpu"
    with pytest.raises(FormatError, match="expected TOML"):
        targets.describe("board1")
    found = targets.survey()
    assert found["cpu"]["state"] == "available"
    assert "expected TOML" in found["targets file"]["error"]


def test_unknown_name_is_refused_with_all_names_and_how_to_add_one(board):
    with pytest.raises(TargetError, match=r"cpu, gpu, board1.*dlaaw targets add"):
        targets.describe("board2")


def test_table_with_a_mistake_is_refused_when_it_is_used():
    path = targets_file.user_file()
    path.parent.mkdir()
    path.write_text('[odd]\nkind = "ssh"\n')
    with pytest.raises(FormatError, match=r"\[odd\], host: expected text"):
        targets.submit({}, {}, "odd")
    assert "[odd], host" in targets.survey()["odd"]["error"]


def test_training_on_a_named_board_is_that_of_the_processor(board):
    network = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], batches=6, epochs=50)
    data = datasets.load("breast_cancer")
    here, there = (network.train(data, target=name) for name in ("cpu", board))
    assert there.costs == here.costs
    assert (
        there.model.predict(data, target=board).labels.tolist()
        == here.model.predict(data).labels.tolist()
    )


def test_slider_trains_on_a_named_board_and_drops_what_is_stale(board):
    network = NNWorkflow([Linear(5, 3), ReLU(), Linear(3, 1), Sigmoid()], epochs=60)
    data = datasets.load("breast_cancer")
    explorer = sweep_explorer(
        network, data, folds=3, target=board, momentum=[0.0, 0.9], epochs=[60, 5_000_000]
    )
    assert explorer.widget is not None
    start = explorer._choices.start
    began = time.monotonic()
    explorer._hear({"kind": "train", "number": 1, "places": {**start, "epochs": 1}})
    time.sleep(0.5)
    explorer._hear({"kind": "train", "number": 2, "places": {**start, "momentum": 0}})
    while explorer.widget.state.get("number") != 2:
        assert time.monotonic() - began < 15
        time.sleep(0.01)
    assert (
        explorer.widget.state["mean"] == network.replace(momentum=0.0).cross_validate(data, 3).mean
    )
    assert len(explorer.sweep.points) == 2
    explorer.close()


def test_kernel_of_a_cell_runs_on_a_named_board(board):
    from dlaaw_nb.targets.kernels import CudaModule

    module = CudaModule(
        "__global__ void twice(float* x, int n) "
        "{ int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] *= 2; }",
        "cell", board,
    )  # fmt: skip
    assert module.emulated
    values = np.arange(5, dtype=np.float32)
    module.twice(values, 5, grid=1, block=8)
    assert values.tolist() == [0, 2, 4, 6, 8]


def test_survey_with_silent_boards_takes_as_long_as_one(board, silent):
    for k in range(5):
        targets_edit.add(f"dead{k}", {"kind": "ssh", "host": silent}, targets_file.user_file())
    begin = time.monotonic()
    found = targets.survey(timeout_s=4)
    assert time.monotonic() - begin < 15  # one after the other: 20
    assert found["board1"]["state"] == "available"
    assert "@127.0.0.1:" in found["board1"]["where"]
    for k in range(5):
        assert found[f"dead{k}"]["state"] == "unreachable"
        assert found[f"dead{k}"]["where"] == silent
        assert found[f"dead{k}"]["error"]


def test_page_is_answered_while_a_board_is_silent(dead):
    from dlaaw_nb.notebook.bench import Bench

    told = []
    bench = Bench(told.append)
    begin = time.monotonic()
    bench.handle({"type": "targets", "id": "1"})
    bench.handle({"type": "catalogue", "id": "2"})
    assert time.monotonic() - begin < 3
    assert [one["type"] for one in told] == ["catalogue"]
    while len(told) < 2:
        assert time.monotonic() - begin < 30
        time.sleep(0.05)
    assert [(one["name"], one["state"]) for one in told[1]["targets"]][2:] == [
        ("dead", "unreachable")
    ]


# the command


def test_add_tests_the_board_and_stores_no_secret(dlaaw, server, tmp_path):
    # The client's ~/.ssh/config is all that this person has.
    env = {**server.client.environment(), "DLAAW_TARGETS": str(targets_file.user_file())}
    done = dlaaw("add", "jetson1", "--ssh", server.name, "--device", "cpu", env=env)
    assert done.returncode == 0, done.stderr
    assert "jetson1: added to" in done.stdout
    for word in ("reachable", "yes", "Python", "NumPy", "compiler", "PyCUDA", "MPI", "trained a"):
        assert word in done.stdout
    written = targets_file.user_file()
    assert written.read_text() == '[jetson1]\nkind = "ssh"\nhost = "board"\ndevice = "cpu"\n'
    assert written.stat().st_mode & 0o777 == 0o600
    again = dlaaw("add", "jetson1", "--ssh", server.name, "--device", "cpu", "--no-test")
    assert (again.returncode, "is already in" in again.stdout) == (0, True)


def test_board_behind_another_is_reached_by_its_configuration_or_by_jump(dlaaw, tmp_path):
    with jump_pair(tmp_path / "pair") as (bastion, inner):
        env = {**inner.client.environment(), "DLAAW_TARGETS": str(targets_file.user_file())}
        done = dlaaw("add", "one", "--ssh", "inner", "--device", "cpu", env=env)
        assert done.returncode == 0, done.stdout
        where = f"{inner.user}@{inner.host}:{inner.port}"
        words = ["--identity-file", inner.key, "--jump", bastion.name, "--device", "cpu"]
        done = dlaaw("add", "two", "--ssh", where, *words, env=env)
        assert done.returncode == 0, done.stdout
        assert "through bastion" in dlaaw("list", env=env).stdout


def test_unknown_host_key_is_shown_with_the_one_command_that_accepts_it(dlaaw, server, tmp_path):
    known = tmp_path / "known hosts"
    targets_edit.add("new", table(server, known_hosts=str(known)), targets_file.user_file())
    shown = server.fingerprint
    done = dlaaw("test", "new")
    command = f"dlaaw targets trust new --fingerprint {shown}"
    assert done.returncode == 1
    assert command in done.stdout
    unsure = dlaaw("trust", "new", stdin=subprocess.DEVNULL)
    assert unsure.returncode == 1
    assert shown in unsure.stdout
    assert command in unsure.stderr
    wrong = dlaaw("trust", "new", "--fingerprint", "SHA256:" + "A" * 43)
    assert wrong.returncode == 1
    assert shown in wrong.stderr
    assert not known.exists()
    right = dlaaw(*command.split()[2:])
    assert right.returncode == 0, right.stderr
    assert known.stat().st_mode & 0o777 == 0o600
    done = dlaaw("test", "new", "--json")
    assert json.loads(done.stdout)["new"]["state"] == "available"


@pytest.mark.parametrize(("answer", "code"), [("y", 0), ("", 1), ("no", 1)])
def test_trust_on_a_terminal_asks_and_takes_yes_alone(server, tmp_path, answer, code):
    known = tmp_path / "known"
    targets_edit.add("new", table(server, known_hosts=str(known)), targets_file.user_file())
    terminal, child = pty.openpty()
    command = [sys.executable, "-m", "dlaaw_nb", "targets", "trust", "new"]
    with subprocess.Popen(command, stdin=child, stdout=subprocess.PIPE, cwd=tmp_path) as process:
        os.write(terminal, f"{answer}\n".encode())
        said = process.stdout.read().decode()
    os.close(child)
    os.close(terminal)
    assert server.fingerprint in said
    assert process.returncode == code
    assert known.exists() == (code == 0)


def test_add_of_a_silent_board_keeps_it_and_says_how_to_go_on(dlaaw, silent):
    done = dlaaw("add", "far", "--ssh", silent)
    assert done.returncode == 1
    assert "is kept, but cannot be used yet" in done.stderr
    assert "dlaaw targets test far" in done.stderr
    assert "Traceback" not in done.stderr
    assert "far" in targets_file.read()


def test_cluster_is_tested_node_by_node(dlaaw, board, dead):
    done = dlaaw("add", "lab", "--nodes", "board1, dead", "--launch", "mpi", "--head", "dead")
    assert done.returncode == 1
    lines = {line.split("  ")[0]: line for line in done.stdout.splitlines()}
    assert lines["reachable"].split() == ["reachable", "yes", "no", "no"]  # the last: mpiexec
    found = targets_file.read()["lab"]
    assert found.head == found.nodes[1]
    assert dlaaw("remove", "dead").returncode == 1
    assert dlaaw("remove", "lab").returncode == 0
    assert dlaaw("remove", "dead").returncode == 0
    assert [*targets_file.read()] == ["board1"]


def test_project_file_is_made_on_demand_and_removed_from_only_so(dlaaw, tmp_path):
    done = dlaaw("add", "x", "--ssh", "ann@x", "--no-test", "--project")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / targets_file.PROJECT_FILE).read_text().startswith("[x]")
    assert isinstance(targets_file.read()["x"], BoardSettings)
    done = dlaaw("add", "x", "--ssh", "ann@other", "--no-test")
    assert "which wins" in done.stderr
    assert dlaaw("remove", "x").returncode == 0
    done = dlaaw("remove", "x")
    assert done.returncode == 1
    assert "--project" in done.stderr
    assert dlaaw("remove", "x", "--project").returncode == 0
    assert targets_file.read() == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["add", "cpu", "--ssh", "a"], "always there"),
        (["add", "a;b", "--ssh", "a"], "letters, digits"),
        (["add", "a", "--ssh", "ann:pw@a"], "passwords stand in no file"),
        (["add", "a", "--ssh", "a", "--head", "b"], "--head: expected with --nodes only"),
        (["add", "a", "--nodes", "moon"], "got 'moon'"),
        (["add", "a", "--nodes", ","], "at least one"),
        (["test", "moon"], "expected one of cpu, gpu"),
        (["trust", "cpu"], "expected a board (none yet), got 'cpu'"),
        (["remove", "moon"], "got 'moon'"),
    ],
)
def test_mistake_is_one_line_and_writes_nothing(dlaaw, words, said):
    done = dlaaw(*words)
    assert done.returncode == 1
    assert done.stderr.startswith("dlaaw: error: ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
    assert not targets_file.user_file().exists()


@pytest.mark.parametrize(
    "words", [["add", "a"], ["add", "a", "--ssh", "b", "--nodes", "c"], ["test"], ["frob"]]
)
def test_usage_that_is_wrong_exits_with_2(dlaaw, words):
    assert dlaaw(*words).returncode == 2


@pytest.mark.parametrize("action", ["list", "test", "add", "trust", "remove"])
def test_help_of_each_action_ends_with_an_example_that_parses(dlaaw, action):
    from dlaaw_nb.cli.app import build_parser

    done = dlaaw(action, "--help")
    assert done.returncode == 0
    for line in done.stdout.split("example:\n")[1].strip().splitlines():
        build_parser().parse_args(line.split()[1:])


def test_list_tells_where_each_is_and_which_file_says_so(dlaaw, board, dead):
    found = json.loads(dlaaw("--json", "list").stdout)
    assert found["board1"]["file"] == str(targets_file.user_file())
    assert found["dead"]["state"] == "unreachable"


# magics


@pytest.fixture
def shell():
    from IPython.core.interactiveshell import InteractiveShell

    made = InteractiveShell()
    made.run_line_magic("load_ext", "dlaaw_nb")
    return made


def test_magic_lists_and_tests_as_text_and_html(shell, board, dead):
    listed = shell.run_line_magic("targets", "")
    assert "board1  available" in repr(listed)
    assert "dead    unreachable" in repr(listed)
    assert "board1" in listed._repr_html_()
    tested = shell.run_line_magic("targets", "test board1")
    assert "reachable" in repr(tested)
    assert "NumPy" in tested._repr_html_()


@pytest.mark.parametrize("line", ["test", "list cpu", "test moon"])
def test_magic_that_is_wrong_is_a_usage_error(shell, line):
    from IPython.core.error import UsageError

    with pytest.raises(UsageError):
        shell.run_line_magic("targets", line)
