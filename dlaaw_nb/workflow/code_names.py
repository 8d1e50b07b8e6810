"""The names of a script: what each of them stands for, and its imports."""

from __future__ import annotations

import ast
import builtins
import keyword

from dlaaw_nb.workflow.sources import parsed

__all__ = ["ScriptNames"]

_FUTURE = "from __future__ import annotations"
_LONGEST = 60


class ScriptNames:
    """Names that a script uses, so that none of them means two things.

    Parameters
    ----------
    own : str
        Code of a person that the script holds; no name in it may be taken by something else.
    variable : str
        What the workflow is called; nothing else may be.
    """

    def __init__(self, own: str, variable: str = "wf") -> None:
        self._own = own
        self._tree = parsed(own) or ast.Module([], [])
        self._taken = {*keyword.kwlist, *dir(builtins), variable, *_names(self._tree)}
        self._locals = {
            (node.module or "", part.name): part.asname or part.name
            for node in self._tree.body
            if isinstance(node, ast.ImportFrom) and not node.level
            for part in node.names
        }
        self._imports: dict[str, set[str]] = {}

    def imported(self, module: str, name: str) -> str:
        """Import a name, and give what it is called in the script."""
        found = self._locals.get((module, name))
        if found is None:
            found = self._locals[module, name] = self._free(name)
            self._imports.setdefault(module, set()).add(
                name if found == name else f"{name} as {found}"
            )
        return found

    def fresh(self, wanted: str) -> str:
        """Give a variable a name that is free, much like the one wanted."""
        word = "".join(char if char.isascii() and char.isalnum() else "_" for char in wanted)
        word = word if word.isidentifier() and not keyword.iskeyword(word) else f"_{word}"
        return self._free(word.lower() if word[:1].isupper() else word)

    def text(self) -> str:
        """Write the imports and the person's code, each import once."""
        lines = self._own.strip("\n").split("\n") if self._own else []
        future = [line for line in lines[:1] if line == _FUTURE]
        rest = lines[len(future) :]
        if not future and any(isinstance(node, ast.ImportFrom) and node.module == "__future__"
                              for node in self._tree.body):  # fmt: skip
            return "\n".join(rest) + "\n\n\n" + "\n".join(_joined(self._imports, [])) + "\n"
        while rest and not rest[0].strip():
            rest.pop(0)
        count = next((at for at, line in enumerate(rest) if not _is_import(line)), len(rest))
        blocks = ["\n".join(future), "\n".join(_joined(self._imports, rest[:count]))]
        code = "\n".join(rest[count:]).strip("\n")
        text = "\n\n".join(block for block in blocks if block) + "\n"
        return f"{text}\n\n{code}\n\n" if code else text

    def _free(self, word: str) -> str:
        found, number = word[:_LONGEST], 1
        while found in self._taken:
            number += 1
            found = f"{word[:_LONGEST]}_{number}"
        self._taken.add(found)
        return found


def _names(tree: ast.Module) -> set[str]:
    """List the names in code, those inside of functions too: what is read there may be global."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.alias):
            found.add(node.asname or node.name.partition(".")[0])
    return found


def _is_import(line: str) -> bool:
    return line.startswith(("import ", "from ")) and not set("();\\#") & set(line)


def _joined(wanted: dict[str, set[str]], lines: list[str]) -> list[str]:
    """Join imports with lines of imports, one line for each module."""
    names = {module: set(parts) for module, parts in wanted.items()}
    plain = set()
    for line in lines:
        module, found, parts = line.removeprefix("from ").partition(" import ")
        if line.startswith("from ") and found:
            names.setdefault(module, set()).update(part.strip() for part in parts.split(","))
        else:
            plain.add(line)
    taken = [f"from {module} import {', '.join(sorted(names[module]))}" for module in sorted(names)]
    return [*sorted(plain), *taken]
