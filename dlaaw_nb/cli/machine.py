"""``dlaaw cache``: what was compiled."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from dlaaw_nb.cli import options, output
from dlaaw_nb.cli.exits import ExitCode

if TYPE_CHECKING:
    import argparse


def register(commands: options.Commands) -> None:
    """Add ``cache`` to the commands."""
    cache = options.add_command(
        commands, "cache", show_cache, "show or empty the cache of compiled kernels", CACHE_EXAMPLE
    )
    cache.add_argument("--clear", action="store_true", help="remove what was compiled")
    options.add_json_option(cache)


CACHE_EXAMPLE = """
dlaaw cache
dlaaw cache --clear
"""


def show_cache(arguments: argparse.Namespace) -> int:
    """Print where the cache is and how large, or empty it."""
    from dlaaw_nb.engine import cache

    folder, size_bytes = cache.cache_dir(), cache.size_bytes()
    if arguments.clear:
        cache.clear()
    if arguments.json:
        facts = {"folder": str(folder), "size_bytes": size_bytes, "cleared": arguments.clear}
        print(json.dumps(facts))
        return ExitCode.OK
    verb = "removed" if arguments.clear else "size"
    output.print_figures([("folder", str(folder)), (verb, f"{size_bytes / 1e6:.1f} MB")])
    return ExitCode.OK
