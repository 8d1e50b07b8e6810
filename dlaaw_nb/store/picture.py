"""A picture that is finished: PNG bytes that know their text and at what size they are shown."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from dlaaw_nb.errors import CodecError
from dlaaw_nb.store.files import write_bytes
from dlaaw_nb.store.png import SIZE, TITLE, read_png, with_texts
from dlaaw_nb.store.text import one_line

if TYPE_CHECKING:
    import os
    from pathlib import Path

__all__ = ["Picture"]

_SIZE = re.compile(r"([1-9]\d{0,5})x([1-9]\d{0,5})")


class Picture:
    """A PNG with the text that stands for it.

    Parameters
    ----------
    png : bytes
        A PNG file. Dates and names of programs in it are left out; text and size are written in.
    width, height : int or None
        Size on a page, in CSS pixels; None takes what the file says, else its pixels.
    alt : str or None
        What the picture says, for screen readers; None takes the file's title.

    Attributes
    ----------
    png : bytes
        The file.
    width, height : int
        Size on a page, in CSS pixels.
    alt : str
        What it says.

    Raises
    ------
    CodecError
        When `png` is no PNG file, or the size is no size.
    """

    __slots__ = ("alt", "height", "png", "width")

    def __init__(
        self,
        png: bytes,
        width: int | None = None,
        height: int | None = None,
        alt: str | None = None,
    ) -> None:
        facts = read_png(png)
        own = _SIZE.fullmatch(facts.texts.get(SIZE, ""))
        across, down = (int(own[1]), int(own[2])) if own else (facts.width, facts.height)
        self.width = across if width is None else width
        self.height = down if height is None else height
        if not (0 < self.width < 10**6 and 0 < self.height < 10**6):
            raise CodecError(
                f"Picture: expected a size from 1 to 999999 pixels, got {self.width} x "
                f"{self.height}. Leave it out for the file's own."
            )
        self.alt = facts.texts.get(TITLE, "") if alt is None else one_line(alt, 1000)
        self.png = with_texts(png, {TITLE: self.alt, SIZE: f"{self.width}x{self.height}"})

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the PNG file, whole or not at all.

        Parameters
        ----------
        path : str or path
            The file to write or replace.

        Returns
        -------
        Path
            `path`.

        Raises
        ------
        SaveError
            When it cannot be written.
        """
        return write_bytes(path, [self.png])

    def to_html(self) -> str:
        """Write the picture as an ``<img>`` that needs nothing else.

        Returns
        -------
        str
            HTML that viewers of untrusted notebooks show too.
        """
        from dlaaw_nb.views.html import escape

        data = base64.b64encode(self.png).decode("ascii")
        return (
            f'<img role="img" alt="{escape(self.alt)}" width="{self.width}" '
            f'style="max-width:100%;height:auto" src="data:image/png;base64,{data}">'
        )

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        return self.png, {"width": self.width, "height": self.height}

    def __eq__(self, other: object) -> bool:
        return self.png == other.png if isinstance(other, Picture) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.png)

    def __reduce__(self) -> tuple[Any, ...]:
        return Picture, (self.png,)

    def __repr__(self) -> str:
        label = f" {self.alt!r}" if self.alt else ""
        return f"<Picture{label}, {self.width} x {self.height}>"
