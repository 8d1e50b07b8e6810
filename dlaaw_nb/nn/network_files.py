"""A network as a specification, in memory and in files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping
    from pathlib import Path

    from dlaaw_nb.nn.network import NNWorkflow

__all__ = ["NetworkFiles"]


class NetworkFiles:
    """Writing and reading a network, as methods of it.

    An implementer is a network as ``mapper`` wants it, and adds nothing to these methods.
    """

    def spec(self, plan: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """Write the network as a specification.

        Parameters
        ----------
        plan : mapping or None
            What to do with it; None for one training, tested on the last batch.

        Returns
        -------
        dict
            Plain JSON values, as ``schemas/spec-1.json`` describes them.
        """
        from dlaaw_nb.nn.mapper import to_spec

        return to_spec(cast("NNWorkflow", self), plan)

    @classmethod
    def from_spec(cls, source: Mapping[str, Any] | str | os.PathLike[str]) -> NNWorkflow:
        """Make a network from a specification; its plan is left aside, and nothing is compiled.

        Activations in source are not compiled later either, unless they are trusted: see `load`.

        Parameters
        ----------
        source : mapping, str or path
            The specification itself, its JSON text, or the path of a file.

        Returns
        -------
        NNWorkflow
            The network; equal to the one the specification was made from.

        Raises
        ------
        FormatError
            When it is no specification; the message and ``path`` name the place.
        VersionError
            When a newer version of the package wrote it.
        MissingDataError
            When there is no such file.
        """
        from dlaaw_nb.nn.documents import read_document
        from dlaaw_nb.nn.mapper import build_network
        from dlaaw_nb.nn.network import NNWorkflow

        return build_network(read_document(source, "spec"), NNWorkflow)

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the specification to a JSON file.

        Parameters
        ----------
        path : str or path
            The file; one that exists is replaced, at once or not at all.

        Returns
        -------
        Path
            The file that was written.

        Raises
        ------
        SaveError
            When it cannot be written.
        """
        import json

        from dlaaw_nb.nn.layers.own_trust import remember_own
        from dlaaw_nb.store.files import write_text

        remember_own(cast("NNWorkflow", self).layers)
        return write_text(path, json.dumps(self.spec(), indent=1, allow_nan=False) + "\n")

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, trust: bool = False) -> NNWorkflow:
        """Read a network from a file that `save` wrote.

        Parameters
        ----------
        path : str or path
            The file.
        trust : bool
            Whether the CUDA source of activations in it may be compiled, from now on. What was
            saved here is trusted.

        Returns
        -------
        NNWorkflow
            The network.

        Raises
        ------
        FormatError, VersionError, MissingDataError
            As for `from_spec`.
        TrustError
            When it carries source that is not trusted.
        """
        from pathlib import Path

        from dlaaw_nb.nn.layers.own_trust import let_in

        network = cls.from_spec(Path(path))
        let_in(network.layers, str(path), trust)
        return network
