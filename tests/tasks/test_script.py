"""Programs as tasks: real processes that hang, write without end, fail, and start others."""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import psutil
import pytest
from task_support import in_folder

from dlaaw_nb.errors import DataError, GraphError, TaskError
from dlaaw_nb.tasks.script import Script

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX signals")


def python(source, *arguments, **parameters):
    return Script(["{python}", "-c", source, *arguments], **parameters)


@pytest.fixture
def made(tmp_path):
    with in_folder(tmp_path / "try", "Script1") as context:
        yield context


def cancel_when(made, ready, seconds=0.0):
    def work():
        deadline = time.monotonic() + 20
        while not ready() and time.monotonic() < deadline:
            time.sleep(0.02)
        time.sleep(seconds)
        made.end.set()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_script_inputs_and_outputs_are_ports_of_its_fields(made, tmp_path):
    (tmp_path / "in.txt").write_text("b\na\n")
    task = python(
        "import sys; lines = sorted(open(sys.argv[1])); open('result.txt', 'w').writelines(lines);"
        "print(len(lines), sys.argv[2])",
        "{file}", "{word}",
        takes={"file": "file", "word": "str"},
        gives={"lines": "stdout", "result": "file:result.txt"},
    )  # fmt: skip
    assert [(port.name, port.type.name) for port in task.inputs] == [
        ("file", "file"),
        ("word", "str"),
    ]
    assert [(port.name, port.type.name) for port in task.outputs] == [
        ("lines", "str"),
        ("result", "file"),
    ]
    given = task.run(file=tmp_path / "in.txt", word="$(touch oops); {file}")
    assert given["lines"].strip() == "2 $(touch oops); {file}"
    assert given["result"].read_text() == "a\nb\n"
    assert given["result"].is_relative_to(made.folder)
    assert task.carries_code


def test_script_tables_and_mappings_come_as_files(made):
    task = python(
        "import json, sys; print(open(sys.argv[1]).read() + json.load(open(sys.argv[2]))['k'])",
        "{table}", "{settings}",
        takes={"table": "table", "settings": "mapping"},
    )  # fmt: skip
    given = task.run(table=pd.DataFrame({"a": [1]}), settings={"k": "v"})
    assert given["output"].splitlines() == ["a", "1", "v"]


def test_script_stdin_and_environment_are_given(made, monkeypatch):
    monkeypatch.setenv("DLAAW_KEPT", "kept")
    source = "import os, sys; print(sys.stdin.read(), os.environ['OWN'], os.environ['DLAAW_KEPT'])"
    task = python(source, takes={"text": "str", "n": "int"}, stdin="text",
                  environment={"OWN": "n={n}"})  # fmt: skip
    assert task.run(text="hello", n=3)["output"].strip() == "hello n=3 kept"
    large = "x" * 3_000_000
    counted = python("import sys; print(len(sys.stdin.read()))", takes={"t": "str"}, stdin="t")
    assert counted.run(t=large)["output"].strip() == "3000000"


def test_script_doubled_braces_stay_braces(made):
    assert python("print('{{name}} { } {1}'.upper())".replace("{1}", "{{1}}")).run()["output"] == (
        "{NAME} { } {1}\n"
    )


def test_script_exit_status_tells_the_end_of_stderr(made):
    source = (
        "import sys\nfor n in range(100): print('line', n, file=sys.stderr)\nprint('out')\n"
        "sys.exit(3)"
    )
    with pytest.raises(TaskError, match="exit status 3, expected 0") as caught:
        python(source).run()
    assert "line 99" in str(caught.value)
    assert "line 1\n" not in str(caught.value)
    assert "out" in made.log_text  # between two lines of the other stream, perhaps
    assert "line 1\n" in made.log_text


@posix
def test_script_ended_by_a_signal_says_which(made):
    with pytest.raises(TaskError, match="signal 9"):
        python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)").run()


def test_script_unknown_program_is_named(made):
    with pytest.raises(TaskError, match="'no-such-program-here': there is no such program"):
        Script(["no-such-program-here"]).run()


@posix
def test_script_file_that_may_not_run_is_named(made, tmp_path):
    (tmp_path / "tool").write_text("x")
    with pytest.raises(TaskError, match="chmod"):
        Script([str(tmp_path / "tool")]).run()


def test_script_missing_output_file_says_what_is_there(made):
    task = python("open('other.txt', 'w').close()", gives={"result": "file:result.txt"})
    with pytest.raises(TaskError, match=r"'result\.txt' in its folder, found other\.txt"):
        task.run()


@posix
def test_script_output_file_outside_of_its_folder_is_refused(made, tmp_path):
    (tmp_path / "secret").write_text("x")
    task = python(f"import os; os.symlink({str(tmp_path / 'secret')!r}, 'result.txt')",
                  gives={"result": "file:result.txt"})  # fmt: skip
    with pytest.raises(TaskError, match="found"):
        task.run()


def test_script_log_grows_while_it_runs(made):
    task = python("import time; print('early', flush=True); time.sleep(60)")
    thread = cancel_when(made, lambda: "early" in made.log_text)
    with pytest.raises(TaskError, match="cancelled"):
        task.run()
    thread.join()


def test_script_hundred_megabytes_fill_no_memory(made):
    source = "import sys\nfor n in range(100): sys.stdout.write('x' * 2**20 + '\\n')"
    task = python(source, gives={})
    before = psutil.Process().memory_info().rss
    assert task.run() == {}
    assert psutil.Process().memory_info().rss - before < 50 * 2**20
    assert "characters left out" in made.log_text
    assert len(made.log_text) < 2 * 2**20


def test_script_too_much_output_is_refused_and_ended(made):
    task = python("while True: print('x' * 1000)", most_output=100_000)
    started = time.monotonic()
    with pytest.raises(TaskError, match="at most 100,000 bytes on stdout"):
        task.run()
    assert time.monotonic() - started < 20


def test_script_bytes_that_are_no_text_are_refused(made):
    with pytest.raises(DataError, match="byte 0xff at position 1"):
        python("import sys; sys.stdout.buffer.write(b'a\\xff')").run()


@posix
def test_script_cancelled_ends_children_that_ignore_the_request(made, tmp_path):
    note = tmp_path / "pids"
    stubborn = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    source = (
        f"{stubborn}import subprocess, sys, os\n"
        f"code = {stubborn + 'time.sleep(60)'!r}\n"
        "own = subprocess.Popen([sys.executable, '-c', code])\n"
        "away = subprocess.Popen([sys.executable, '-c', code], start_new_session=True)\n"
        "time.sleep(0.5)\n"
        f"open({str(note)!r} + '.part', 'w').write(f'{{os.getpid()}} {{own.pid}} {{away.pid}}')\n"
        f"os.rename({str(note)!r} + '.part', {str(note)!r})\n"
        "time.sleep(60)\n"
    )
    task = Script(["{python}", "-c", source])
    thread = cancel_when(made, note.exists)
    started = time.monotonic()
    with pytest.raises(TaskError, match="cancelled"):
        task.run()
    thread.join()
    assert time.monotonic() - started < 15
    assert not any(
        psutil.pid_exists(int(pid)) and _runs(int(pid)) for pid in note.read_text().split()
    )


@posix
def test_script_children_left_behind_are_ended_with_it(made):
    source = (
        "import subprocess, sys\n"
        "left = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print(left.pid)\n"
    )
    started = time.monotonic()
    pid = int(python(source).run()["output"])
    assert time.monotonic() - started < 10
    assert not _runs(pid)


def _runs(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"command": []}, "there is no shell"),
        ({"command": "ls -l"}, "there is no shell"),
        ({"command": ["cat", 3]}, "list of text"),
        ({"command": ["cat", "{file}"]}, "Add 'file' to takes"),
        ({"command": ["cat"], "takes": {"file": "file"}}, "Write {file} where it belongs"),
        ({"command": ["cat", "{f}"], "takes": {"f": "path"}}, "takes: expected names to one of"),
        ({"command": ["cat", "{python}"], "takes": {"python": "str"}}, "takes"),
        ({"command": ["cat"], "gives": {"x": "file:../x"}}, "gives"),
        ({"command": ["cat"], "gives": {"x": "file:/etc/passwd"}}, "gives"),
        ({"command": ["cat"], "gives": {"x": "stdin"}}, "gives"),
        ({"command": ["cat"], "gives": {"a b": "stdout"}}, "letters, digits"),
        ({"command": ["cat"], "stdin": "x"}, "stdin"),
        ({"command": ["cat"], "environment": {"A=B": "x"}}, "environment"),
    ],
)
def test_script_wrong_parameter_is_refused(parameters, text):
    with pytest.raises(GraphError, match=text):
        Script(**parameters)


def test_script_parameters_through_json_make_an_equal_task():
    task = python("print(1)", takes={}, environment={"A": "b"})
    again = Script.from_parameters(json.loads(json.dumps(task.parameters)))
    assert again == task
    assert again.fingerprint() == task.fingerprint()
    assert Path(sys.executable).exists()
