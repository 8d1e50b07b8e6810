"""The magic ``%%cuda``: a cell of raw CUDA, whose kernels become functions."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from IPython.core.error import UsageError
from IPython.core.magic import Magics, cell_magic, magics_class
from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring

from dlaaw_nb.errors import DlaawError

if TYPE_CHECKING:
    from dlaaw_nb.targets.kernels import CudaModule

__all__ = ["CudaMagics"]


@magics_class
class CudaMagics(Magics):
    """Raw CUDA in cells: ``%%cuda``."""

    def __init__(self, shell: Any) -> None:
        super().__init__(shell)
        self._shell = shell

    @magic_arguments()
    @argument("name", nargs="?", default=None, help="variable for all kernels of the cell together")
    @argument(
        "--target",
        help="gpu, gpu:1, cpu, which emulates, or a board; without it a GPU, if there is one",
    )
    @argument(
        "--check",
        action="store_true",
        help="on cpu: watch for races, accesses outside of arrays, and memory that is not set",
    )
    @cell_magic
    def cuda(self, line: str, cell: str) -> Any:
        """Make functions of a cell's CUDA kernels. Example: ``%%cuda --target cpu``."""
        from dlaaw_nb.targets.kernels import CudaModule

        given = parse_argstring(self.cuda, line)
        if given.name is not None and not given.name.isidentifier():
            raise UsageError(f"{given.name!r}: expected the name of a variable.")
        target = given.target or ("cpu" if given.check else None)
        try:
            module = CudaModule(cell, given.name or "cell", target, given.check)
        except DlaawError as error:
            raise UsageError(str(error)) from error
        self._shell.push(module.kernels)
        if given.name is not None:
            self._shell.push({given.name: module})
        return _Shown(module)


class _Shown:
    """What a cell of CUDA shows: its kernels, where they run, how long it took to compile."""

    def __init__(self, module: CudaModule) -> None:
        self._module = module

    def _title(self) -> str:
        module = self._module
        where = f"{module.target} (emulated)" if module.emulated else module.target
        checked = ", every access watched" if module.check else ""
        return f"CUDA on {where}{checked}, compiled in {module.seconds:.2f} s"

    def __repr__(self) -> str:
        kernels = (f"  {kernel.signature}" for kernel in self._module.kernels.values())
        return "\n".join([self._title(), *kernels])

    def _repr_html_(self) -> str:
        from dlaaw_nb.views.html import section

        kernels = "".join(
            f"<div><code>{escape(kernel.signature)}</code></div>"
            for kernel in self._module.kernels.values()
        )
        return section(self._title(), kernels)
