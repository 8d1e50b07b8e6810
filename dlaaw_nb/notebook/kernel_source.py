"""CUDA source, coloured as JupyterLab colours code."""

from __future__ import annotations

from typing import Any

from dlaaw_nb.views.html import escape

__all__ = ["KernelSource", "find_sources"]

_COLOURS = (  # token, JupyterLab's variable, a colour that reads on light and on dark
    ("Token.Comment.Preproc", "meta", "#8a6d3b"),
    ("Token.Comment", "comment", "#4f8a8b"),
    ("Token.Keyword", "keyword", "#2b8a3e"),
    ("Token.Literal.Number", "number", "#2f7d32"),
    ("Token.Literal.String", "string", "#ba2121"),
    ("Token.Name.Function", "def", "#3a6fd8"),
    ("Token.Operator", "operator", "#a0522d"),
)
_STYLE = (
    "max-height:460px;overflow:auto;padding:6px 10px;line-height:1.35;font-size:12.5px;"
    "color:var(--jp-content-font-color1,inherit);background:var(--jp-layout-color1,transparent);"
    "border:1px solid var(--jp-border-color2,#bbb)"
)


class KernelSource:
    """A file of CUDA source that shows itself.

    Parameters
    ----------
    name : str
        Of the file.
    text : str
        What is in it.
    """

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text

    def __repr__(self) -> str:
        return f"// {self.name}\n{self.text}"

    def _repr_html_(self) -> str:
        lines = _coloured(self.text).split("\n")
        width = len(str(len(lines)))
        number = '<span style="opacity:.55;user-select:none">{}  </span>'
        numbered = (f"{number.format(str(k).rjust(width))}{s}" for k, s in enumerate(lines, 1))
        title = f'<div style="font-weight:600">{escape(self.name)}</div>'
        return f'{title}<pre style="{_STYLE}">{chr(10).join(numbered)}</pre>'


def find_sources(what: Any) -> list[KernelSource]:
    """Find the CUDA source of a layer, or the program of a network.

    Parameters
    ----------
    what : str or NNWorkflow
        Kind of a layer, loss, optimizer or schedule, such as ``"Linear"``; or a network, whose few
        generated lines name the files it is made of.

    Returns
    -------
    list of KernelSource
        Empty if there is none of that name.
    """
    from dlaaw_nb.engine.resources import kernel_sources

    if isinstance(what, str):
        wanted = f"/{what.lower()}.cuh"
        found = {name: text for name, text in kernel_sources().items() if name.endswith(wanted)}
        own = _own_source(what)
        return own + [KernelSource(f"kernels_cu/{name}", text) for name, text in found.items()]
    from dlaaw_nb.engine.chain import Chain
    from dlaaw_nb.engine.codegen import training_source
    from dlaaw_nb.engine.recipe import recipe_kinds

    spec = what.spec()
    chain = Chain(spec["layers"]["nodes"])
    text = training_source(chain, *recipe_kinds(spec))
    return [KernelSource(f"the program of {what.name}", text)]


def _own_source(kind: str) -> list[KernelSource]:
    """Find what a person wrote in a cell, if the layer of that name was made so."""
    from dlaaw_nb.nn.layers import layer_kind, layer_kinds
    from dlaaw_nb.nn.layers.own import OwnActivation

    made = layer_kind(kind) if kind in layer_kinds() else None
    if made is None or not issubclass(made, OwnActivation):
        return []
    return [KernelSource(f"activation {kind}", made.definition.source)]


def _coloured(text: str) -> str:
    from pygments.lexers import CudaLexer

    return "".join(_span(str(kind), piece) for kind, piece in CudaLexer().get_tokens(text)).rstrip()


def _span(kind: str, piece: str) -> str:
    for token, variable, colour in _COLOURS:
        if kind.startswith(token):
            style = f"color:var(--jp-mirror-editor-{variable}-color,{colour})"
            # A span ends with its line, so that a line number may stand before the next.
            parts = (f'<span style="{style}">{escape(part)}</span>' for part in piece.split("\n"))
            return "\n".join(parts)
    return escape(piece)
