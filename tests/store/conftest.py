"""Stores, and real servers to reach them by."""

from __future__ import annotations

import contextlib
import functools
import getpass
import http.server
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from dlaaw_nb.store import (
    Blob,
    Codec,
    DataProduct,
    Picture,
    Provenance,
    RunRecord,
    Store,
    TaskRecord,
)
from dlaaw_nb.store.codecs import FIGURE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing_store(tmp_path / "store") as made:
        yield made


@contextlib.contextmanager
def closing_store(folder: Path) -> Iterator[Store]:
    made = Store(folder)
    yield made
    made.provenance.close()


@pytest.fixture
def provenance(tmp_path: Path) -> Iterator[Provenance]:
    made = Provenance(tmp_path / "records" / "provenance.sqlite")
    yield made
    for recorder in list(made.recorders):
        recorder.close()
    made.close()


class Maker:
    """Makes records and products that are alike but for what a test is about."""

    @staticmethod
    def hash(text: str) -> str:
        return sha256(text.encode(errors="replace")).hexdigest()

    def product(self, text: str, **facts: Any) -> DataProduct:
        known = {
            "type": "str", "codec": "str-1", "size_bytes": len(text) + 2, "preview": text,
            "suffix": ".json", "inline": f'"{text}"'.encode(),
        }  # fmt: skip
        return DataProduct(hash=self.hash(f'"{text}"'), **{**known, **facts})

    def task(
        self, run: str, name: str, reads: tuple[str, ...] = (), makes: tuple[str, ...] = (),
        **facts: Any,
    ) -> TaskRecord:  # fmt: skip
        known = {
            "kind": "function", "key": self.hash(f"key of {name}"),
            "code_hash": self.hash(f"code of {name}"), "started": 1000.0, "finished": 1002.5,
            "seconds": 2.5, "worker": "host:1",
        }  # fmt: skip
        inputs = [("x", at, self.hash(f'"{text}"')) for at, text in enumerate(reads)]
        outputs = [("out", at, self.hash(f'"{text}"')) for at, text in enumerate(makes)]
        return TaskRecord(run=run, name=name, inputs=inputs, outputs=outputs, **{**known, **facts})

    def run(self, id_: str, **facts: Any) -> RunRecord:
        known = {"workflow": "ensemble", "document": "{}", "state": "finished", "started": 1000.0,
                 "finished": 1010.0}  # fmt: skip
        return RunRecord(id=id_, **{**known, **facts})

    def write(self, provenance: Provenance, *things: Any) -> None:
        """Write runs, products and tasks, in this order, and wait until they are written."""
        recorder = provenance.recorder()
        for kind, put in (
            (RunRecord, recorder.run), (DataProduct, recorder.product), (TaskRecord, recorder.task),
        ):  # fmt: skip
            for thing in things:
                if isinstance(thing, kind):
                    put(thing)
        assert recorder.close(), recorder.trouble


@pytest.fixture
def make() -> Maker:
    return Maker()


@pytest.fixture
def votes(provenance: Provenance, make: Maker) -> Provenance:
    """An ensemble of two networks that vote, all in one run."""
    make.write(
        provenance,
        make.run("r1", inputs={"data": make.product("data").hash},
                 outputs={"votes": make.product("votes").hash}, arguments={"data": "/d/data.csv"}),
        *map(make.product, ("data", "model 1", "model 2", "votes", "constant")),
        make.task("r1", "Train 1", ("data", "constant"), ("model 1",), kind="train", finished=1.0,
                  started=0.0, device={"name": "H100"}, target="cuda"),
        make.task("r1", "Train 2", ("data",), ("model 2",), started=0.0, finished=2.0),
        make.task("r1", "Vote", ("model 1", "model 2"), ("votes",), started=3.0, finished=4.0),
        make.task("r1", "Idle", ("data",), ("unused",), started=3.0, finished=4.0),
    )  # fmt: skip
    return provenance


@pytest.fixture(scope="session")
def through() -> Callable[[Codec, Any], Any]:
    """Encode and decode, and check that encoding what came gives the same bytes again."""

    def go(keeper: Codec, value: Any) -> Any:
        data = b"".join(keeper.encode(value))
        found = keeper.decode(Blob(data=data))
        assert b"".join(keeper.encode(found)) == data
        assert b"".join(keeper.encode(keeper.settle(value))) == data
        return found

    return go


@pytest.fixture(scope="session")
def picture() -> Picture:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1, 1))
    figure.add_subplot().set_title("a title")
    return FIGURE.settle(figure)


@pytest.fixture
def python() -> Callable[..., subprocess.Popen[str]]:
    """Start a Python process with code and words, its output to be read."""

    def start(code: str, *words: object) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", code, *map(str, words)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)

    return start


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a disk of 1 MiB."""
    if os.name == "nt" or os.geteuid() != 0:
        pytest.skip("only root may mount a small disk")
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("this machine lets nobody mount a disk")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def http_server(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Serve a folder by HTTP: its URL, and the folder."""
    folder = tmp_path / "served"
    folder.mkdir()
    handler = functools.partial(_Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", folder
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class Sftp(NamedTuple):
    """A server of one's own: its URL without a path, its home, and how to end it."""

    url: str
    home: Path
    end: Callable[[], None]


@pytest.fixture
def sftp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sftp]:
    """Start sshd on a port of 127.0.0.1, with keys and known hosts of this test only."""
    pytest.importorskip("paramiko", reason="sftp needs paramiko: pip install 'dlaaw-nb[sftp]'")
    daemon = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    keygen = shutil.which("ssh-keygen")
    if daemon is None or keygen is None:
        pytest.skip("sshd is missing: install openssh-server")
    home = tmp_path / "home"
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    settings = _ssh_files(home / ".ssh", keygen, port)
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd wants it for its own protection
    process = subprocess.Popen([daemon, "-D", "-e", "-f", settings], stderr=subprocess.DEVNULL)
    monkeypatch.setenv("HOME", str(home))

    def end() -> None:
        process.terminate()
        process.wait(10)

    try:
        _wait_for(port, process)
        yield Sftp(f"sftp://{getpass.getuser()}@127.0.0.1:{port}", home, end)
    finally:
        end()


def _ssh_files(ssh: Path, keygen: str, port: int) -> Path:
    """Make keys, known hosts and settings for both sides; give the server's settings."""
    ssh.mkdir(parents=True, mode=0o700)
    for name in ("host", "user"):
        key = ["-q", "-t", "ed25519", "-N", "", "-f", str(ssh / name)]
        subprocess.run([keygen, *key], check=True)
    shutil.copy(ssh / "user.pub", ssh / "authorized_keys")
    host_key = " ".join((ssh / "host.pub").read_text().split()[:2])
    (ssh / "known_hosts").write_text(f"[127.0.0.1]:{port} {host_key}\n")
    (ssh / "config").write_text(
        f"Host 127.0.0.1\n  IdentityFile {ssh / 'user'}\n"
        f"  UserKnownHostsFile {ssh / 'known_hosts'}\n"
    )
    settings = ssh / "sshd_config"
    settings.write_text(
        f"ListenAddress 127.0.0.1:{port}\nHostKey {ssh / 'host'}\n"
        f"AuthorizedKeysFile {ssh / 'authorized_keys'}\nPidFile {ssh / 'pid'}\n"
        "StrictModes no\nUsePAM no\nPasswordAuthentication no\nPermitRootLogin yes\n"
        "Subsystem sftp internal-sftp\n"
    )
    return settings


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(100):
        if process.poll() is not None:
            pytest.skip(f"sshd cannot be started here (exit status {process.returncode})")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    raise AssertionError("sshd does not answer")
