"""The SSH server that tests of remote targets use does what it says."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import paramiko
import psutil
import pytest
from box import Box, BoxError
from ssh_files import PASSPHRASE, agent
from sshd import Sshd, jump_pair

pytestmark = pytest.mark.cluster


def ssh(board: Sshd, *command: str, name: str = "") -> subprocess.CompletedProcess[str]:
    line = board.client.ssh(name or board.name, *command)
    return subprocess.run(
        line, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )


def connect(board: Sshd, **options: Any) -> paramiko.SSHClient:
    client = paramiko.SSHClient()
    client.load_host_keys(str(board.known_hosts))
    client.set_missing_host_key_policy(paramiko.RejectPolicy())
    options.setdefault("key_filename", str(board.key))
    options.setdefault("username", board.user)
    client.connect(board.host, board.port, allow_agent=False, look_for_keys=False, **options)
    return client


def test_login_finds_its_own_home_and_the_python_of_the_test(tmp_path: Path) -> None:
    with Sshd(tmp_path) as board:
        (board.home / "here").touch()
        done = ssh(board, "pwd; ls; python3 -c 'import sys; print(sys.prefix)'")
        assert done.stdout.split() == [board.remote_home, "here", sys.prefix], done.stderr
        client = connect(board)
        with client, client.open_sftp() as sftp:
            assert sftp.normalize(".") == board.remote_home
            assert sftp.listdir() == ["here"]


def test_keys_are_accepted_or_not_as_they_should(tmp_path: Path) -> None:
    with Sshd(tmp_path) as board:
        connect(board, key_filename=str(board.locked_key), passphrase=PASSPHRASE).close()
        with pytest.raises(paramiko.PasswordRequiredException):
            connect(board, key_filename=str(board.locked_key))
        with pytest.raises(paramiko.AuthenticationException):
            connect(board, key_filename=str(board.strange_key))


def test_agent_unlocks_the_key_with_a_passphrase(
    board: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    with agent(board.locked_key) as address:
        monkeypatch.setenv("SSH_AUTH_SOCK", address)
        client = paramiko.SSHClient()
        client.load_host_keys(str(board.known_hosts))
        client.connect(board.host, board.port, board.user, look_for_keys=False)
        client.close()


def test_changed_key_is_not_the_one_that_is_known(tmp_path: Path) -> None:
    with Sshd(tmp_path) as board:
        before = board.fingerprint
        board.change_key()
        with pytest.raises(paramiko.BadHostKeyException) as caught:
            connect(board)
        assert caught.value.key.fingerprint == board.fingerprint != before


def test_banner_comes_before_what_a_command_prints(tmp_path: Path) -> None:
    banner = "It's $HOME,\nsweet `home`"
    with Sshd(tmp_path, banner=banner) as board:
        assert ssh(board, "echo out").stdout == f"{banner}\nout\n"


def test_programs_that_are_left_out_are_not_found(tmp_path: Path) -> None:
    script = "#!/bin/sh\necho from the script\n"
    with Sshd(tmp_path, python=None, without=("g++*",), programs={"tool": script}) as board:
        done = ssh(board, "command -v python3 || command -v g++ || tool; ls / >&2")
        assert done.stdout == "from the script\n"
        assert "etc" in done.stderr


def test_home_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    with Sshd(tmp_path, read_only_home=True) as board:
        assert "Read-only file system" in ssh(board, "touch x").stderr


def test_folders_of_the_home_are_full_or_run_nothing(tmp_path: Path) -> None:
    with Sshd(tmp_path, mounts={"small": "size=64k", "data": "noexec,size=1m"}) as board:
        assert "No space left" in ssh(board, "head -c 100000 /dev/zero >small/x").stderr
        done = ssh(board, "cp /bin/true data/ && data/true")
        assert "Permission denied" in done.stderr
        assert board.inside(f"{board.remote_home}/data/true").exists()


def test_users_have_homes_that_others_cannot_read(tmp_path: Path) -> None:
    with Sshd(tmp_path, users=("anna", "ben")) as board:
        client = connect(board, username="anna")
        with client:
            _, out, err = client.exec_command("whoami; pwd; touch mine; ls /run/home/ben")
            assert out.read().decode().split() == ["anna", "/run/home/anna"]
            assert b"Permission denied" in err.read()
        assert (board.homes()[1] / "mine").exists()


def test_home_with_shell_characters_is_a_home(tmp_path: Path) -> None:
    home = "/run/it's a $HOME"
    with Sshd(tmp_path, home=home) as board:
        assert ssh(board, "pwd").stdout == f"{home}\n"


def test_settings_win_over_those_of_the_server(tmp_path: Path) -> None:
    with Sshd(tmp_path, settings=("MaxSessions 1",)) as board, connect(board) as client:
        client.exec_command("sleep 100")
        with pytest.raises(paramiko.ChannelException):
            client.exec_command("true")


def test_server_without_sftp_has_none(tmp_path: Path) -> None:
    with Sshd(tmp_path, sftp="") as board, connect(board) as client:
        channel = client.get_transport().open_session()
        with pytest.raises(paramiko.SSHException):
            channel.invoke_subsystem("sftp")


def test_stopped_server_refuses_and_killed_one_closes(tmp_path: Path) -> None:
    with Sshd(tmp_path) as board, connect(board) as client:
        _, out, _ = client.exec_command("exec sleep 100")
        board.stop()
        assert "refused" in ssh(board, "true").stderr
        assert [process.command for process in board.processes()] == [["sleep", "100"]]
        board.kill()
        assert out.read() == b""
        assert not board.processes()
        board.start()
        assert ssh(board, "echo again").stdout == "again\n"


def test_inner_server_is_reached_through_the_bastion_alone(tmp_path: Path) -> None:
    with jump_pair(tmp_path) as (bastion, inner):
        assert ssh(inner, "echo inner").stdout == "inner\n"
        assert bastion.port != inner.port
        with pytest.raises(OSError, match=r"not known|resolution"):
            connect(inner)


def test_what_detaches_itself_ends_with_the_server(tmp_path: Path) -> None:
    with Sshd(tmp_path) as board:
        ssh(board, "setsid sleep 300 >/dev/null 2>&1 </dev/null &")
        (left,) = board.processes()
    assert not psutil.pid_exists(left.pid)


def test_box_ends_with_the_process_that_made_it_even_when_killed() -> None:
    code = "import box, time; b = box.Box(); print(b.pid, flush=True); time.sleep(100)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "support")}
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        assert psutil.pid_exists(pid)
        process.send_signal(signal.SIGKILL)
    end = time.monotonic() + 5
    while psutil.pid_exists(pid) and time.monotonic() < end:
        time.sleep(0.01)
    assert not psutil.pid_exists(pid)


def test_command_that_fails_in_a_box_tells_what_it_printed() -> None:
    with Box() as box, pytest.raises(BoxError, match="status 3: said"):
        box.run("echo said; exit 3")


def test_missing_part_fails_where_nothing_may_be_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("box.PATH", "")
    monkeypatch.delenv("DLAAW_REQUIRE_CLUSTER", raising=False)
    with pytest.raises(pytest.skip.Exception, match="needs bash: apt install bash"):
        Box()
    monkeypatch.setenv("DLAAW_REQUIRE_CLUSTER", "1")
    with pytest.raises(pytest.fail.Exception, match="needs bash"):
        Box()
