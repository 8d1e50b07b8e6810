"""Settings of a target that is a server of the tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dlaaw_nb.targets.settings import BoardSettings

if TYPE_CHECKING:
    from sshd import Sshd


def settings_of(board: Sshd, name: str = "", **changes: object) -> BoardSettings:
    """Give settings that reach a server as its client's files say."""
    given = {
        "host": board.name,
        "device": "cpu",
        "config_file": board.config,
        "known_hosts": board.known_hosts,
        **changes,
    }
    return BoardSettings(name or board.name, **given)  # type: ignore[arg-type]
