"""Named targets in files: what is read, what is refused with which words, and what edits keep."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlaaw_nb.errors import FormatError, SaveError
from dlaaw_nb.targets import targets_check, targets_edit, targets_file
from dlaaw_nb.targets.settings import BoardSettings, ClusterSettings

WRITTEN = """\
# boards of room 3

[jetson1]            # the old one
kind = "ssh"
host = "nvidia@10.0.0.7:2222"
# python = "python3.6"

# bought in May
[jetson2]
kind = "ssh"
host = 'jetson2'
device = "gpu"       # has PyCUDA

# both
[lab]
kind = "cluster"
nodes = ["jetson1", "jetson2"]  # slowest first
"""


@pytest.fixture(autouse=True)
def places(tmp_path, monkeypatch):
    work = tmp_path / "work" / "deep"
    work.mkdir(parents=True)
    monkeypatch.chdir(work)
    monkeypatch.setenv("DLAAW_TARGETS", str(tmp_path / "own" / "targets.toml"))


@pytest.fixture
def own(tmp_path):
    (tmp_path / "own").mkdir()
    path = tmp_path / "own" / "targets.toml"
    path.write_text(WRITTEN)
    return path


def test_read_without_files_finds_nothing():
    assert targets_file.read() == {}


def test_user_file_lies_in_the_folder_for_settings(monkeypatch, tmp_path):
    monkeypatch.delenv("DLAAW_TARGETS")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    assert targets_file.user_file() == tmp_path / "dlaaw_nb" / "targets.toml"


def test_read_gives_settings_by_name(own):
    found = targets_file.read()
    assert [*found] == ["jetson1", "jetson2", "lab"]
    first = BoardSettings("jetson1", "10.0.0.7", user="nvidia", port=2222)
    second = BoardSettings("jetson2", "jetson2", device="gpu")
    assert found["jetson1"] == first
    assert found["lab"] == ClusterSettings("lab", (first, second))


def test_project_file_of_a_parent_wins_and_may_name_boards_of_the_user_file(own, tmp_path):
    (tmp_path / "work" / targets_file.PROJECT_FILE).write_text(
        '[jetson2]\nkind = "ssh"\nhost = "other"\nidentity_file = "keys/id"\n'
        '[pair]\nkind = "cluster"\nnodes = ["jetson1", "jetson2"]\nlaunch = "mpi"\nhead="jetson2"\n'
    )
    found = targets_file.read()
    assert found["jetson2"].host == "other"
    assert found["jetson2"].identity_file == str(tmp_path / "work" / "keys" / "id")
    assert [node.host for node in found["lab"].nodes] == ["10.0.0.7", "other"]
    assert found["pair"].head == found["jetson2"]
    assert found["pair"].launch == "mpi"


def test_project_board_hides_a_cluster_of_the_user_file(own, tmp_path):
    (tmp_path / "work" / targets_file.PROJECT_FILE).write_text(
        '[lab]\nkind = "ssh"\nhost = "one"\n'
    )
    assert isinstance(targets_file.read()["lab"], BoardSettings)


def test_paths_with_a_tilde_are_those_of_the_person(own, monkeypatch):
    monkeypatch.setenv("HOME", "/home/ann")
    own.write_text('[a]\nkind="ssh"\nhost="a"\nidentity_file="~/.ssh/id"\nknown_hosts="hosts"\n')
    found = targets_file.read()["a"]
    assert found.identity_file == "/home/ann/.ssh/id"
    assert found.known_hosts == own.parent / "hosts"


@pytest.mark.parametrize("key", ["config_file", "known_hosts"])
def test_project_file_cannot_say_who_is_trusted(tmp_path, key):
    path = tmp_path / "work" / targets_file.PROJECT_FILE
    path.write_text(f'[a]\nkind = "ssh"\nhost = "a"\n{key} = "x"\n')
    assert f"{key}: expected no such key in a project's file" in str(targets_file.read()["a"])


def test_project_file_that_others_can_write_is_refused(tmp_path):
    path = tmp_path / "work" / targets_file.PROJECT_FILE
    path.write_text("")
    path.chmod(0o666)
    with pytest.raises(FormatError, match="only you can write, got one that others can"):
        targets_file.read()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
def test_project_file_of_another_person_is_refused(tmp_path):
    path = tmp_path / "work" / targets_file.PROJECT_FILE
    path.write_text("")
    os.chown(path, 4321, 4321)
    if os.geteuid() != 4321:
        with pytest.raises(FormatError, match="only you can write"):
            targets_file.read()


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("", "kind: expected 'ssh' or 'cluster', got none"),
        ('kind = "shh"', "kind: expected 'ssh' or 'cluster', got 'shh'"),
        ("kind = 3", "kind: expected 'ssh' or 'cluster', got 3"),
        ('kind = "ssh"', "host: expected text in quotes, got none"),
        ('kind = "ssh"\nhost = 7', "host: expected text in quotes, got 7"),
        ('kind = "ssh"\nhost = " "', "host: expected text of one line, got ' '"),
        ('kind = "ssh"\nhost = "a b"', "host: expected a host such as"),
        ('kind = "ssh"\nhost = "-oProxyCommand=x"', "host: expected a host such as"),
        ('kind = "ssh"\nhost = "$(reboot)"', "host: expected a host such as"),
        ('kind = "ssh"\nhost = "a:99999"', "host: expected a port from 1 to 65535, got 'a:99999'"),
        ('kind = "ssh"\nhost = "a:"', "host: expected a port after the ':', got 'a:'"),
        ('kind = "ssh"\nhost = "@a"', "host: expected a user before the '@'"),
        ('kind = "ssh"\nhost = "u@a"\nuser = "v"', "user: expected it once"),
        ('kind = "ssh"\nhost = "a:1"\nport = 1', "port: expected it once"),
        ('kind = "ssh"\nhost = "a"\nport = "22"', "port: expected a whole number, got '22'"),
        ('kind = "ssh"\nhost = "a"\nport = true', "port: expected a whole number, got True"),
        ('kind = "ssh"\nhost = "a"\nport = 0', "port: expected 1 to 65535, got 0"),
        ('kind = "ssh"\nhost = "a"\ndevice = "tpu"', "device: expected one of auto, cpu, gpu"),
        ('kind = "ssh"\nhost = "a"\nuser = "-l"', "user: expected no '-' at its begin"),
        ('kind = "ssh"\nhost = "a"\nidentity = "x"', "identity: expected one of kind, host, user"),
        ('kind = "ssh"\nhost = "a"\nnodes = []', "nodes: expected one of kind, host"),
        ('kind = "ssh"\nhost = "a"\nsub.key = 1', "sub: expected one of kind, host"),
        ('kind = "cluster"', "nodes: expected a list of names, got none"),
        ('kind = "cluster"\nnodes = []', "nodes: expected each node once, at least one, got none"),
        ('kind = "cluster"\nnodes = ["jetson9"]', "names of ssh targets, got 'jetson9'. Known are"),
        ('kind = "cluster"\nnodes = ["lab"]', "names of ssh targets, got 'lab', which is not one"),
        ('kind = "cluster"\nnodes = ["wrong"]', "got 'wrong', which is not one"),
        ('kind = "cluster"\nnodes = [3]', "nodes: expected names of ssh targets, got 3"),
        ('kind = "cluster"\nnodes = ["jetson1", "jetson1"]', "got 'jetson1' twice"),
        ('kind = "cluster"\nnodes = ["jetson1"]\nhead = "x"', "head: expected names of ssh"),
        ('kind = "cluster"\nnodes = ["jetson1"]\nlaunch = "slurm"', "launch: expected one of ssh"),
        ('kind = "cluster"\nnodes = ["jetson1"]\nmpiexec = "a \'b"', "mpiexec: expected a command"),
        ('kind = "cluster"\nnodes = ["jetson1"]\nhost = "a"', "host: expected one of kind, nodes"),
    ],
)
def test_table_with_a_mistake_names_file_table_key_and_what_came(own, lines, said):
    own.write_text(WRITTEN + f"\n[wrong]\n{lines}\n")
    found = targets_file.read()
    error = found.pop("wrong")
    assert isinstance(error, FormatError)
    assert str(error).startswith(f"{own}, [wrong], ")
    assert said in str(error)
    assert error.path.startswith("wrong.")
    assert [*found] == ["jetson1", "jetson2", "lab"]  # the others still serve


@pytest.mark.parametrize("key", ["password", "Passphrase", "sudo_password", "api_token"])
def test_secret_in_a_file_is_refused_and_never_shown(own, key):
    own.write_text(f'[a]\nkind = "ssh"\nhost = "a"\n{key} = "hunter2"\n')
    text = str(targets_file.read()["a"])
    assert "expected no secret in this file" in text
    assert "hunter2" not in text
    own.write_text('[a]\nkind = "ssh"\nhost = "ann:hunter2@a"\n')
    text = str(targets_file.read()["a"])
    assert "passwords stand in no file" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[cpu]\n", "got that of a target that is always there"),
        ("[GPU]\n", "got that of a target that is always there"),
        ('["gpu:1"]\n', "expected a name of at most 63 letters"),
        ('["my board; reboot"]\n', "expected a name of at most 63 letters"),
        ('[""]\n', "expected a name of at most 63 letters"),
        ("[a]\n[a]\n", "expected TOML"),
        ('[a]\nhost = "a"\nhost = "b"\n', "at line 3"),
        ("host = ", "expected TOML"),
        ("\udcff", "expected TOML"),
        ("a = " + "[" * 5000, "expected TOML"),
        ("#" * 1_000_001, "more than 1,000,000 bytes"),
    ],
)
def test_file_with_a_mistake_is_refused_by_name(own, text, said):
    own.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(FormatError) as caught:
        targets_file.read()
    assert str(own) in str(caught.value)
    assert said in str(caught.value)


def test_key_in_place_of_a_table_is_refused(own):
    own.write_text('jetson = "10.0.0.7"\n')
    assert "expected a table, got str" in str(targets_file.read()["jetson"])


def test_file_that_cannot_be_read_is_refused(own):
    own.unlink()
    own.mkdir()
    with pytest.raises(FormatError, match="could not be read"):
        targets_file.read()


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("jetson1", ("jetson1", None, None)),
        ("nvidia@10.0.0.7", ("10.0.0.7", "nvidia", None)),
        ("nvidia@jetson-1.lab:2222", ("jetson-1.lab", "nvidia", 2222)),
        ("fe80::1%eth0", ("fe80::1%eth0", None, None)),
        ("ann@[::1]:22", ("::1", "ann", 22)),
        ("[::1]", ("::1", None, None)),
        ("LAB\\ann@pc", ("pc", "LAB\\ann", None)),
        ("ann@lab@pc", ("pc", "ann@lab", None)),
    ],
)
def test_address_comes_apart(text, parts):
    assert targets_check.address(text) == parts


@given(st.text(max_size=30))
def test_address_of_any_text_is_parts_that_are_safe_or_a_value_error(text):
    try:
        found = targets_check.address(text)
    except ValueError:
        return
    assert found.host
    assert not found.host.startswith("-")
    assert not set(found.host) & set(" \t\n\"'`$;&|<>()\\")
    assert found.port is None or 0 < found.port < 65536


def test_add_makes_a_private_file(tmp_path):
    path = targets_file.user_file()
    assert targets_edit.add("a", {"kind": "ssh", "host": "ann@a"}, path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert targets_file.read()["a"] == BoardSettings("a", "a", user="ann")


def test_add_keeps_what_a_person_wrote_to_the_letter(own):
    own.write_bytes(WRITTEN.rstrip("\n").replace("\n", "\r\n").encode())
    before = own.read_bytes()
    targets_edit.add("c", {"kind": "ssh", "host": "c", "python": 'odd "quotes" \\'}, own)
    assert own.read_bytes().startswith(before)
    assert targets_file.read()["c"].python == 'odd "quotes" \\'


def test_add_again_is_no_error_and_writes_nothing(own):
    table = {"kind": "ssh", "host": "jetson2", "device": "gpu"}
    assert not targets_edit.add("jetson2", table, own)
    assert own.read_text() == WRITTEN
    with pytest.raises(FormatError, match="expected a new name"):
        targets_edit.add("jetson2", {"kind": "ssh", "host": "other"}, own)
    assert own.read_text() == WRITTEN


@pytest.mark.parametrize(
    ("name", "table", "said"),
    [
        ("cpu", {"kind": "ssh", "host": "a"}, "always there"),
        ("a b", {"kind": "ssh", "host": "a"}, "letters, digits"),
        ("a", {"kind": "ssh", "host": "a b"}, "expected a host"),
        ("a", {"kind": "ssh", "host": "a", "password": "x"}, "no secret"),
        ("a", {"kind": "cluster", "nodes": ["moon"]}, "got 'moon'"),
    ],
)
def test_add_of_what_could_not_be_read_is_refused_and_writes_nothing(own, name, table, said):
    with pytest.raises(FormatError, match=said):
        targets_edit.add(name, table, own)
    assert own.read_text() == WRITTEN


def test_remove_keeps_comments_of_the_others(own):
    targets_edit.remove("lab", own)
    left = own.read_text()
    assert left == WRITTEN[: WRITTEN.index("[lab]")]
    targets_edit.remove("jetson1", own)
    left = own.read_text()
    for kept in ("# boards of room 3", "# bought in May\n[jetson2]", "# has PyCUDA", "# both"):
        assert kept in left
    assert [*targets_file.parse(left.encode(), "left")] == ["jetson2"]


def test_remove_of_the_first_of_many_that_begin_alike_keeps_the_others(own):
    own.write_text('[a]\nkind = "ssh"\nhost = "a"\n# two\n[ab]\nkind = "ssh"\nhost = "ab"\n')
    targets_edit.remove("a", own)
    assert own.read_text() == '# two\n[ab]\nkind = "ssh"\nhost = "ab"\n'


@pytest.mark.parametrize(
    "written",
    ['a = {kind = "ssh", host = "a"}\n', 'a.kind = "ssh"\na.host = "a"\n', '["a"]\nkind = "ssh"\n'],
)
def test_remove_knows_every_way_to_write_a_table(own, written):
    rest = '[b]\nkind = "ssh"\nhost = "b"\n'
    own.write_text(written + rest)
    targets_edit.remove("a", own)
    assert own.read_text() == rest


def test_remove_of_a_table_with_a_mistake_works(own):
    own.write_text("[a]\nkind = 3\n")
    targets_edit.remove("a", own)
    assert targets_file.read() == {}


def test_remove_of_a_node_or_of_nothing_is_refused(own):
    with pytest.raises(FormatError, match=r"\[lab\]: it still uses jetson1"):
        targets_edit.remove("jetson1", own)
    with pytest.raises(FormatError, match="expected one of jetson1, jetson2, lab, got 'x'"):
        targets_edit.remove("x", own)
    assert own.read_text() == WRITTEN


@given(
    st.lists(st.sampled_from(["a", "ab", "b", "c-1"]), unique=True, min_size=1),
    st.lists(st.sampled_from(["", "\n", "# x\n", "\n# y\n\n", "  # z\n"]), min_size=5, max_size=5),
    st.integers(0, 3),
)
def test_remove_loses_no_comment_between_tables(tmp_path_factory, names, between, which):
    text = "".join(
        f'{gap}[{name}]\nkind = "ssh"\nhost = "{name}"\n'
        for gap, name in zip(between, names, strict=False)
    )
    text += between[-1]
    path = tmp_path_factory.mktemp("t") / "targets.toml"
    path.write_text(text)
    gone = names[which % len(names)]
    targets_edit.remove(gone, path)
    left = path.read_text()
    assert [*targets_file.parse(left.encode(), "left")] == [name for name in names if name != gone]
    assert left.count("#") == text.count("#")


def test_file_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "own").write_text("a file")
    with pytest.raises(SaveError, match=r"targets\.toml: could not be written"):
        targets_edit.add("a", {"kind": "ssh", "host": "a"}, targets_file.user_file())


def test_many_processes_that_add_at_once_lose_nothing(tmp_path):
    path = targets_file.user_file()
    code = (
        "import sys; from pathlib import Path; from dlaaw_nb.targets import targets_edit\n"
        "for k in range(5):\n"
        "    targets_edit.add(f'n{sys.argv[1]}-{k}', {'kind': 'ssh', 'host': 'a'},"
        " Path(sys.argv[2]))\n"
    )
    running = [subprocess.Popen([sys.executable, "-c", code, str(i), str(path)]) for i in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    assert len(targets_file.read()) == 20
    assert [one.name for one in path.parent.iterdir() if one.name.endswith(".part")] == []


def test_link_to_a_file_elsewhere_stays_a_link(own, tmp_path):
    real = tmp_path / "dotfiles.toml"
    own.rename(real)
    own.symlink_to(real)
    targets_edit.add("c", {"kind": "ssh", "host": "c"}, own)
    assert own.is_symlink()
    assert "[c]" in Path(real).read_text()


_PLAIN = st.one_of(st.booleans(), st.integers(-5, 70_000), st.text(max_size=8), st.floats())
_KEYS = st.sampled_from(
    ["kind", "host", "user", "port", "nodes", "head", "launch", "device", "password", "moon"]
)
_VALUES = st.one_of(
    _PLAIN, st.sampled_from(["ssh", "cluster", "mpi", "a", "b"]), st.lists(_PLAIN, max_size=2),
    st.just(["a", "b"]), st.dictionaries(st.sampled_from(["x", "y"]), _PLAIN, max_size=2),
)  # fmt: skip


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.one_of(_PLAIN, st.dictionaries(_KEYS, _VALUES, max_size=5)),
    )
)
def test_any_tables_are_settings_or_an_error_that_names_the_table(tmp_path_factory, content):
    import tomlkit

    path = tmp_path_factory.mktemp("t") / "targets.toml"
    path.write_text(tomlkit.dumps(content), encoding="utf-8", newline="")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DLAAW_TARGETS", str(path))
        found = targets_file.read()
        assert found.keys() == content.keys()
        for name, one in found.items():
            if isinstance(one, FormatError):
                assert name in str(one)
            else:
                assert one.name == name
