"""The engine and its kernels as one file, which is all that travels to a board."""

from __future__ import annotations

import hashlib
import io
import zipfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import dlaaw_nb
from dlaaw_nb import engine
from dlaaw_nb.engine import resources

__all__ = ["Archive", "archive"]

_DATE = (1980, 1, 1, 0, 0, 0)  # the same bytes wherever they are made
_MAIN = "import sys\nfrom dlaaw_nb.engine.entry import main\nsys.exit(main())\n"


class Archive(NamedTuple):
    """A program in one file.

    Attributes
    ----------
    name : str
        Of the file; it has the hash of the content.
    content : bytes
        A zip file that ``python`` runs.
    """

    name: str
    content: bytes


@lru_cache(maxsize=1)
def archive() -> Archive:
    """Pack the engine.

    Returns
    -------
    Archive
        The same bytes for the same sources.
    """
    folder = Path(engine.__file__).parent
    files = {
        f"dlaaw_nb/engine/{f.relative_to(folder).as_posix()}": f.read_bytes()
        for f in folder.rglob("*.py")
    }
    files["dlaaw_nb/__init__.py"] = f"__version__ = {dlaaw_nb.__version__!r}\n".encode()
    files["__main__.py"] = _MAIN.encode()
    for name, text in resources.shipped_kernels().items():
        files[f"dlaaw_nb/kernels_cu/{name}"] = text.encode()
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(files.items()):
            packed.writestr(zipfile.ZipInfo(name, _DATE), content, zipfile.ZIP_DEFLATED)
    content = made.getvalue()
    return Archive(f"worker-{hashlib.sha256(content).hexdigest()[:24]}.pyz", content)
