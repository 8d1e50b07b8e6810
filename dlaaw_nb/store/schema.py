"""The tables of the provenance database, and the statements that write them."""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = [
    "DONE", "EXPORT_INTO", "MAKER_INTO", "MIGRATIONS", "PRODUCT_COLUMNS", "PRODUCT_INTO",
    "RUN_COLUMNS", "RUN_INTO", "TASK_COLUMNS", "TASK_INTO", "Into",
]  # fmt: skip

DONE: Final = "state IN ('finished', 'cached') AND key <> ''"
"""Which tasks have results to use again; an index holds exactly these, so it must stand as it is in
a query that is to use the index."""

MIGRATIONS: Final = (
    f"""
    CREATE TABLE runs (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, workflow, document,
        state, started, finished, executor, planner, target, seed, host, pid, boot_id, python,
        packages, inputs, outputs, arguments);
    CREATE TABLE tasks (
        number INTEGER PRIMARY KEY, run INTEGER NOT NULL, name TEXT NOT NULL, kind, state, key,
        code_hash, kernel_hash, parameters, seed, target, device, attempts, started, finished,
        seconds, worker, error, log, why, costs, inputs, outputs, UNIQUE (run, name));
    CREATE INDEX tasks_by_key ON tasks (key, finished) WHERE {DONE};
    CREATE INDEX tasks_by_code ON tasks (code_hash, finished, seconds) WHERE state = 'finished';
    CREATE TABLE makers (
        hash INTEGER NOT NULL, task INTEGER NOT NULL, PRIMARY KEY (hash, task)) WITHOUT ROWID;
    CREATE TABLE products (
        hash TEXT PRIMARY KEY, type, codec, size_bytes, preview, suffix, filename, location,
        inline) WITHOUT ROWID;
    CREATE TABLE exports (path TEXT PRIMARY KEY, hash, exported) WITHOUT ROWID;
    """,
)
"""What makes each version of the schema from the one before; their count is the version.

Each row and each index costs every task time. So what a task made is described in its own row, and
``makers`` leads there by a number from the hash (`rows.hash_number`); ``products`` holds the
others: what runs were given."""

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


class Into(NamedTuple):
    """A statement that writes rows: what stands before and behind their values, and their width."""

    head: str
    width: int
    tail: str = ""


def _into(verb: str, table: str, columns: tuple[str, ...], tail: str = "") -> Into:
    return Into(f"{verb} INTO {table} ({', '.join(columns)}) VALUES ", len(columns), tail)


RUN_INTO: Final = _into(
    "INSERT", "runs", RUN_COLUMNS,
    " ON CONFLICT (id) DO UPDATE SET "
    + ", ".join(f"{name} = excluded.{name}" for name in RUN_COLUMNS[1:]),
)  # fmt: skip
TASK_INTO: Final = _into("INSERT OR REPLACE", "tasks", ("number", "run", *TASK_COLUMNS))
MAKER_INTO: Final = _into("INSERT OR IGNORE", "makers", ("hash", "task"))
PRODUCT_INTO: Final = _into("INSERT OR REPLACE", "products", PRODUCT_COLUMNS)
EXPORT_INTO: Final = _into("INSERT OR REPLACE", "exports", ("path", "hash", "exported"))
