"""Stores: data products by the hash of their content, and the records of the runs that made them.

Codecs stand in ``dlaaw_nb.store.codecs``. Importing this room loads none of the libraries that it
needs for tables, pictures and other machines.
"""

from dlaaw_nb.store.blob import Blob
from dlaaw_nb.store.codec import Codec, codec, register_codec
from dlaaw_nb.store.fetching import fetch
from dlaaw_nb.store.lineage import Lineage
from dlaaw_nb.store.objects import Objects, Stored, digest
from dlaaw_nb.store.picture import Picture
from dlaaw_nb.store.products import DataProduct
from dlaaw_nb.store.provenance import Provenance, Recorder
from dlaaw_nb.store.records import RunRecord, TaskRecord
from dlaaw_nb.store.run_diff import RunDiff
from dlaaw_nb.store.store import Store

__all__ = [
    "Blob",
    "Codec",
    "DataProduct",
    "Lineage",
    "Objects",
    "Picture",
    "Provenance",
    "Recorder",
    "RunDiff",
    "RunRecord",
    "Store",
    "Stored",
    "TaskRecord",
    "codec",
    "digest",
    "fetch",
    "register_codec",
]
