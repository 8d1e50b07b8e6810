"""The task that writes a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dlaaw_nb.tasks.ready import ReadyTask
from dlaaw_nb.tasks.writing import written

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["Report"]


@dataclass(frozen=True)
class Report(ReadyTask):
    """Write tables, pictures, values and text to one HTML file that needs nothing else.

    Parameters
    ----------
    title : str
        Its heading.
    headings : list of str
        A heading for each part, in their order; parts without one have none.
    most_rows : int
        How many rows of a table, and items of a list, are shown, from 1 to 10000.
    file_name : str
        Name of the file, without folders; it ends in ``.html``.

    Raises
    ------
    GraphError
        When a parameter is out of its range.

    Notes
    -----
    It reads on light and dark screens, holds no scripts and no dates, and is the same for the same
    parts.
    """

    palette_group = "Plots and reports"
    title: str = "Report"
    headings: tuple[str, ...] = ()
    most_rows: int = 200
    file_name: str = "report.html"

    def __post_init__(self) -> None:
        self._check_text("title", empty=False)
        given: Any = self.headings
        if not isinstance(given, (list, tuple)) or not all(isinstance(t, str) for t in given):
            raise self._refuse("headings", "a list of text")
        self._keep("headings", tuple(given))
        self._check_count("most_rows", 1, 10_000)
        self._check_file_name(suffixes=(".html", ".htm"))

    def run(self, *parts: object) -> Path:
        """Write the report."""
        from dlaaw_nb.tasks.report_parts import page, part_html

        pieces = []
        for at, part in enumerate(parts):
            heading = self.headings[at] if at < len(self.headings) else ""
            pieces.append((heading, part_html(part, self.most_rows)))
        content = page(self.title, pieces).encode("utf-8", "replace")
        return written(self.where, self.file_name, content)
