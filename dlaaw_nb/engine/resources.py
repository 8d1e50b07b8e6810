"""Finds the kernel sources wherever the package is: wheel, zip file, editable install, checkout."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path
from typing import Dict, Mapping, Tuple

__all__ = ["add_kernel", "added_kernels", "kernel_names", "kernel_source", "kernels_added",
           "kernels_digest", "layer_file"]  # fmt: skip

_PACKAGE = Path(__file__).resolve().parent.parent
_FOLDERS = (_PACKAGE / "kernels_cu", _PACKAGE.parent / "kernels_cu")  # wheel; checkout or editable


_ADDED: Dict[str, str] = {}


def add_kernel(name: str, text: str) -> None:
    """Add the source of a kernel that the package does not bring.

    Parameters
    ----------
    name : str
        Relative to ``kernels_cu/``, such as ``layers/swish.cuh``; one that was added before is
        replaced.
    text : str
        CUDA C++14.
    """
    if name in shipped_kernels():
        raise ValueError(f"{name}: the package has a kernel of that name. Choose another name.")
    _ADDED[name] = text


def kernels_added() -> Dict[str, str]:
    """Give all kernels that were added: text by name."""
    return dict(_ADDED)


def layer_file(kind: str) -> str:
    """Name the kernel of a kind of layer: ``layers/<kind in lower case>.cuh``."""
    return f"layers/{kind.lower()}.cuh"


def added_kernels(source: str) -> Dict[str, str]:
    """Give the added kernels that a program includes.

    Parameters
    ----------
    source : str
        What ``codegen`` wrote.

    Returns
    -------
    dict of str to str
        Text by name.
    """
    return {name: text for name, text in _ADDED.items() if f'"{name}"' in source}


def kernel_sources() -> Dict[str, str]:
    """Read every kernel source, the added ones too.

    Returns
    -------
    dict of str to str
        Text by name relative to ``kernels_cu/``, with forward slashes.
    """
    return {**shipped_kernels(), **_ADDED}


@lru_cache(maxsize=1)
def shipped_kernels() -> Dict[str, str]:
    """Read every kernel source of the package.

    Returns
    -------
    dict of str to str
        Text by name relative to ``kernels_cu/``, with forward slashes, sorted.
    """
    for folder in _FOLDERS:
        if folder.is_dir():
            files = sorted(folder.rglob("*.cuh"))
            return {f.relative_to(folder).as_posix(): f.read_text(encoding="utf-8") for f in files}
    found = _zipped()
    if not found:
        raise FileNotFoundError(
            "kernels_cu: expected the CUDA sources beside the package, found none. "
            "Install it again."
        )
    return found


def _zipped() -> Dict[str, str]:
    import zipfile

    archive = getattr(globals().get("__loader__"), "archive", None)
    if archive is None:
        return {}
    prefix = "dlaaw_nb/kernels_cu/"
    with zipfile.ZipFile(archive) as packed:
        names = sorted(n for n in packed.namelist() if n.startswith(prefix) and n.endswith(".cuh"))
        return {name[len(prefix) :]: packed.read(name).decode("utf-8") for name in names}


def write(folder: str, sources: Mapping[str, str]) -> None:
    """Write sources where a compiler finds them.

    Parameters
    ----------
    folder : str
        Exists.
    sources : mapping of str to str
        Text by name, with forward slashes.
    """
    for name, text in sources.items():
        path = Path(folder) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def kernel_names() -> Tuple[str, ...]:
    """Name every kernel source, such as ``layers/linear.cuh``.

    Returns
    -------
    tuple of str
        Sorted.
    """
    return tuple(kernel_sources())


def kernel_source(name: str) -> str:
    """Read one kernel source.

    Parameters
    ----------
    name : str
        One of ``kernel_names()``.

    Returns
    -------
    str
        Its text.

    Raises
    ------
    KeyError
        When there is none of that name.
    """
    return kernel_sources()[name]


@lru_cache(maxsize=1)
def kernels_digest() -> str:
    """Hash all kernel sources of the package, as results and models record it.

    Returns
    -------
    str
        SHA-256 of names and texts, 64 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for name, text in shipped_kernels().items():
        digest.update(f"{name}\0{text}\0".encode())
    return digest.hexdigest()
