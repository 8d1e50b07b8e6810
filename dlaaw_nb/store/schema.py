"""The tables of the provenance database, and the statements that write them."""

from __future__ import annotations

from typing import Final

__all__ = [
    "DONE", "EXPORT_SQL", "MAKER_SQL", "MIGRATIONS", "PRODUCT_COLUMNS", "PRODUCT_SQL", "RUN_COLUMNS",
    "RUN_SQL", "TASK_COLUMNS", "TASK_SQL",
]  # fmt: skip

DONE: Final = "state IN ('finished', 'cached') AND key <> ''"
"""Which tasks have results to use again; an index holds exactly these, so it must stand as it is in
a query that is to use the index."""

MIGRATIONS: Final = (
    f"""
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, workflow, document, state, started,
        finished, executor, planner, target, seed, host, pid, boot_id, python, packages, inputs,
        outputs, arguments);
    CREATE TABLE tasks (
        number INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, kind, state, key,
        code_hash, kernel_hash, parameters, seed, target, device, attempts, started, finished,
        seconds, worker, error, log, why, costs, inputs, outputs, UNIQUE (run, name));
    CREATE INDEX tasks_by_key ON tasks (key, finished) WHERE {DONE};
    CREATE INDEX tasks_by_code ON tasks (code_hash, finished, seconds) WHERE state = 'finished';
    CREATE TABLE makers (
        hash TEXT NOT NULL, task INTEGER NOT NULL, PRIMARY KEY (hash, task)) WITHOUT ROWID;
    CREATE TABLE products (
        hash TEXT NOT NULL, tag INTEGER NOT NULL, type, codec, size_bytes, preview, suffix,
        filename, location, inline, recorded, PRIMARY KEY (hash, tag)) WITHOUT ROWID;
    CREATE TABLE exports (path TEXT PRIMARY KEY, hash, exported) WITHOUT ROWID;
    """,
)
"""What makes each version of the schema from the one before; their count is the version."""

RUN_COLUMNS: Final = (
    "id", "workflow", "document", "state", "started", "finished", "executor", "planner", "target",
    "seed", "host", "pid", "boot_id", "python", "packages", "inputs", "outputs", "arguments",
)  # fmt: skip
TASK_COLUMNS: Final = (
    "name", "kind", "state", "key", "code_hash", "kernel_hash", "parameters", "seed", "target",
    "device", "attempts", "started", "finished", "seconds", "worker", "error", "log", "why",
    "costs", "inputs", "outputs",
)  # fmt: skip
PRODUCT_COLUMNS: Final = (
    "hash", "type", "codec", "size_bytes", "preview", "suffix", "filename", "location", "inline",
)  # fmt: skip


def _insert(verb: str, table: str, columns: tuple[str, ...]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({marks})"


RUN_SQL: Final = (
    _insert("INSERT", "runs", RUN_COLUMNS)
    + " ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in RUN_COLUMNS[1:])
)
TASK_SQL: Final = _insert("INSERT OR REPLACE", "tasks", ("number", "run", *TASK_COLUMNS))
MAKER_SQL: Final = _insert("INSERT OR IGNORE", "makers", ("hash", "task"))
PRODUCT_SQL: Final = _insert("INSERT OR REPLACE", "products", (*PRODUCT_COLUMNS, "tag", "recorded"))
EXPORT_SQL: Final = _insert("INSERT OR REPLACE", "exports", ("path", "hash", "exported"))
