"""A JupyterLab server of its own for the browser tests."""

from __future__ import annotations

import json
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import suppress
from pathlib import Path

import dlaaw_nb

START_S = 60

# The server asks to die with us, so that a test that is killed leaves nothing behind.
_LAUNCH = (
    "import ctypes, signal; ctypes.CDLL(None).prctl(1, signal.SIGTERM);"
    "from jupyterlab.labapp import main; main()"
)
_QUIET = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}


class Server:
    """A JupyterLab server on 127.0.0.1 with folders, port and token of its own.

    Parameters
    ----------
    folder : Path
        Empty folder for notebooks, settings and all else it writes.
    """

    def __init__(self, folder: Path) -> None:
        self.root = folder / "notebooks"
        self.root.mkdir(parents=True)
        _add_extension(folder / "data" / "labextensions")
        self.token = secrets.token_hex(16)
        self.url = f"http://127.0.0.1:{_free_port()}"
        self._folder = folder
        self._log = folder / "server.log"
        self._settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
        self._settings.mkdir(parents=True)
        (self._settings / "notification.jupyterlab-settings").write_text(json.dumps(_QUIET))
        self.start()

    def start(self) -> None:
        """Start it, again too after `close`: at the same address, with the same token."""
        self._process = self._start(self._folder)
        self._wait_until_it_answers()

    def limit_files(self, most_bytes: int | None) -> None:
        """Let the server write no file that is longer, as if the disk were full; None: any."""
        most = resource.RLIM_INFINITY if most_bytes is None else most_bytes
        resource.prlimit(self._process.pid, resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))

    def _start(self, folder: Path) -> subprocess.Popen[bytes]:
        command = [
            sys.executable, "-c", _LAUNCH, "--no-browser", "--allow-root", "--ip=127.0.0.1",
            f"--port={self.url.rpartition(':')[2]}", "--ServerApp.port_retries=0",
            f"--IdentityProvider.token={self.token}", f"--ServerApp.root_dir={self.root}",
            "--LabApp.news_url=None", "--LabApp.expose_app_in_browser=True",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
            "--LabApp.extension_manager=readonly",
        ]  # fmt: skip
        with self._log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=folder, env=_environment(folder), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def _wait_until_it_answers(self) -> None:
        end = time.monotonic() + START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                self.close()
                raise RuntimeError(f"JupyterLab did not start:\n{self.log()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            self.ask("GET", "status")
        except OSError:
            return False
        return True

    def ask(self, method: str, path: str) -> object:
        """Ask the server's REST interface; gives the JSON of the answer, or None."""
        request = urllib.request.Request(  # noqa: S310  # our own address
            f"{self.url}/api/{path}",
            method=method,
            headers={"Authorization": f"token {self.token}"},
        )
        with urllib.request.urlopen(request, timeout=START_S) as answer:  # noqa: S310
            text = answer.read()
        return json.loads(text) if text else None

    def shut_kernels_down(self) -> None:
        """End every session and kernel."""
        for kind in ("sessions", "kernels"):
            for item in self.ask("GET", kind):
                self._end(f"{kind}/{item['id']}")

    def _end(self, path: str) -> None:
        try:
            self.ask("DELETE", path)
        except urllib.error.HTTPError as error:
            error.close()  # it was gone already

    def forget_theme(self) -> None:
        """Go back to the default theme, which the browser's next person gets."""
        (self._settings / "themes.jupyterlab-settings").unlink(missing_ok=True)

    def log(self) -> str:
        """Give the last lines that the server and its kernels wrote."""
        return "\n".join(self._log.read_text(errors="replace").splitlines()[-40:])

    def close(self) -> None:
        """End the server; whatever it left behind is killed."""
        if self._process.poll() is None:
            with suppress(OSError):  # it no longer answers
                self.shut_kernels_down()
            self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def _add_extension(folder: Path) -> None:
    """Let JupyterLab find the extension of a checkout before one that is installed."""
    built = Path(dlaaw_nb.__file__).parent / "labextension"
    if built.is_dir():
        folder.mkdir(parents=True)
        (folder / "dlaaw-nb").symlink_to(built, target_is_directory=True)


def _environment(folder: Path) -> dict[str, str]:
    """Give an environment with Jupyter's folders and ours in `folder`; it finds the package."""
    home = str(Path(dlaaw_nb.__file__).parent.parent)
    names = {
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_DATA_DIR": "data",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "IPYTHONDIR": "ipython",
        "DLAAW_STORE": "store",
        "DLAAW_TRUST": "trust",
    }
    others = os.environ.get("PYTHONPATH")
    return {
        **os.environ,
        **{name: str(folder / place) for name, place in names.items()},
        "PYTHONPATH": f"{home}{os.pathsep}{others}" if others else home,
    }


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
