"""Removes from a store what no run needs any more."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from dlaaw_nb.store import queries

if TYPE_CHECKING:
    from dlaaw_nb.store.store import Store

__all__ = ["collect"]


def collect(store: Store, older_than_days: float | None) -> int:
    """Remove objects that no run read or made; see `Store.collect`."""
    provenance = store.provenance
    gone = {run.id for run in provenance.interrupted()}
    running = [run for run in provenance.runs(None) if run.state == "running"]
    begun = [run.started for run in running if run.id not in gone]
    end = min([time.time() - (older_than_days or 0.0) * 86400.0, *begun])
    needed = provenance.references()
    freed = store.objects.sweep()
    kept: set[str] = set()
    for hash_, size, used in list(store.objects.everything()):
        if hash_ in needed:
            continue
        if used > end:
            kept.add(hash_)
            continue
        store.objects.delete(hash_)
        freed += size
    if older_than_days is None and not begun:
        known = {str(row[0]) for row in provenance.read(queries.HASHES)}
        provenance.change((queries.FORGET, (hash_,)) for hash_ in known - needed - kept)
    return freed
