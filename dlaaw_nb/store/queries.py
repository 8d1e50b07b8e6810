"""The questions that are put to the provenance database."""

from __future__ import annotations

from typing import Final

from dlaaw_nb.store.schema import DONE, PRODUCT_COLUMNS, PRODUCT_INTO, RUN_COLUMNS, TASK_COLUMNS

__all__ = [
    "COMPUTED", "DELETE_RUN", "DURATIONS", "EXPORT", "FIND", "FIND_MADE", "FINISHED", "FLOW",
    "FORGET", "HASHES", "KEEP", "LOOKUP", "LOOKUP_MANY", "MAKER", "MOST_AT_ONCE", "NUMBER",
    "OUTPUTS", "PRODUCTS", "PRODUCTS_MADE", "REFERENCES", "RUNNING", "RUNS", "RUNS_LIKE", "RUN_IDS",
    "STATES", "TASKS", "TASKS_NAMED",
]  # fmt: skip

MOST_AT_ONCE: Final = 10_000
"""How many keys or hashes are put into one question."""

_RUN: Final = ", ".join(RUN_COLUMNS)
_TASK: Final = ", ".join(TASK_COLUMNS)
_TASK_OF: Final = ", ".join(f"t.{name}" for name in TASK_COLUMNS)  # json_each has a key too
_PRODUCT: Final = ", ".join(PRODUCT_COLUMNS)
_PRODUCT_OF: Final = ", ".join(f"p.{name}" for name in PRODUCT_COLUMNS)
_OUTPUTS: Final = "CASE t.outputs WHEN '' THEN '[]' ELSE t.outputs END"

LOOKUP: Final = f"""
    SELECT outputs FROM tasks WHERE key = ? AND {DONE} ORDER BY finished DESC LIMIT 1"""  # noqa: S608 - of constants
"""Outputs of the newest finished task of a key."""

LOOKUP_MANY: Final = f"""
    SELECT '[' || group_concat(json_quote(k.value) || ',' || {_OUTPUTS}) || ']'
    FROM json_each(?) AS k CROSS JOIN tasks AS t ON t.number = (
        SELECT number FROM tasks WHERE key = k.value AND {DONE} ORDER BY finished DESC LIMIT 1)"""  # noqa: S608
"""Keys and outputs in turn.

This and others give one row of JSON, for Python asks for each row anew, and waits each time until a
thread that computes has let go of the interpreter's lock."""

FINISHED: Final = f"""
    SELECT '[' || group_concat(json_quote(t.name) || ',' || {_OUTPUTS}) || ']' FROM (
        SELECT name, outputs FROM tasks WHERE run = ? AND state IN ('finished', 'cached')
        ORDER BY finished, name) AS t"""  # noqa: S608
"""Names and outputs, in turn, of the tasks of a run that ended well."""

DURATIONS: Final = """
    SELECT k.value, (SELECT avg(seconds) FROM (
        SELECT seconds FROM tasks WHERE code_hash = k.value AND state = 'finished'
        ORDER BY finished DESC LIMIT ?))
    FROM json_each(?) AS k"""
"""Mean of the last times of each code."""

RUNS: Final = f"""
    SELECT {_RUN} FROM runs
    WHERE state <> 'unknown' AND (?1 IS NULL OR workflow = ?1)
    ORDER BY started DESC, number DESC LIMIT ?2"""  # noqa: S608
RUNNING: Final = f"SELECT {_RUN} FROM runs WHERE state = 'running' ORDER BY started DESC"  # noqa: S608
RUNS_LIKE: Final = f"SELECT {_RUN} FROM runs WHERE id >= ?1 AND id < ?1 || char(1114111) LIMIT 20"  # noqa: S608
RUN_IDS: Final = "SELECT id FROM runs WHERE state <> 'unknown' ORDER BY started DESC LIMIT 1000"
STATES: Final = """
    SELECT state, count(*) FROM tasks WHERE run = (SELECT number FROM runs WHERE id = ?)
    GROUP BY state"""
NUMBER: Final = "SELECT number FROM runs WHERE id = ?"

TASKS: Final = f"SELECT {_TASK} FROM tasks WHERE run = ? ORDER BY finished IS NULL, finished, name"  # noqa: S608
TASKS_NAMED: Final = f"""
    SELECT {_TASK_OF} FROM json_each(?2) AS k
    CROSS JOIN tasks AS t ON run = ?1 AND name = k.value"""  # noqa: S608
FLOW: Final = """
    SELECT name, started, finished, inputs, outputs FROM tasks
    WHERE run = ? AND state IN ('finished', 'cached')"""
"""What the tasks of a run that ended well read and made, and when."""
COMPUTED: Final = f"""
    SELECT r.id, {_TASK_OF} FROM json_each(?) AS k
    CROSS JOIN tasks AS t ON t.number = (
        SELECT number FROM tasks WHERE key = k.value AND {DONE} AND state = 'finished'
        ORDER BY finished DESC LIMIT 1)
    JOIN runs AS r ON r.number = t.run"""  # noqa: S608
"""By key, the tasks that were computed and not taken over."""
MAKER: Final = """
    SELECT r.id, t.name FROM makers AS m CROSS JOIN tasks AS t ON t.number = m.task
    JOIN runs AS r ON r.number = t.run
    WHERE m.hash = ?1 AND t.state IN ('finished', 'cached') AND instr(t.outputs, ?2)
    ORDER BY m.task DESC LIMIT 1"""
"""The newest task that made a product, by the number of its hash and the hash."""

PRODUCTS: Final = f"""
    SELECT {_PRODUCT_OF} FROM json_each(?) AS k CROSS JOIN products AS p ON hash = k.value"""  # noqa: S608
"""Products that no task made."""
PRODUCTS_MADE: Final = """
    SELECT '[' || group_concat(t.outputs) || ']' FROM json_each(?) AS k
    CROSS JOIN tasks AS t ON t.number = (SELECT max(task) FROM makers WHERE hash = k.value)"""
"""Outputs of the newest task that made each product, by the number of its hash."""
FIND: Final = f"SELECT {_PRODUCT} FROM products WHERE hash >= ?1 AND hash < ?1 || 'g' LIMIT 20"  # noqa: S608
FIND_MADE: Final = """
    SELECT '[' || group_concat(t.outputs) || ']' FROM (
        SELECT max(task) AS task FROM makers WHERE hash BETWEEN ? AND ? GROUP BY hash LIMIT 20) AS m
    CROSS JOIN tasks AS t ON t.number = m.task"""
"""Outputs of tasks that made products whose numbers lie between two."""
EXPORT: Final = "SELECT hash FROM exports WHERE path = ?"

REFERENCES: Final = """
    SELECT json_extract(i.value, '$[2]') FROM tasks, json_each(tasks.outputs) AS i
    WHERE tasks.outputs <> ''
    UNION SELECT json_extract(i.value, '$[2]') FROM tasks, json_each(tasks.inputs) AS i
    WHERE tasks.inputs <> ''
    UNION SELECT value FROM runs, json_each(runs.inputs) WHERE runs.inputs <> ''
    UNION SELECT value FROM runs, json_each(runs.outputs) WHERE runs.outputs <> ''"""
"""Hashes of all products that a run read or made."""

DELETE_RUN: Final = (
    "DELETE FROM makers WHERE task IN (SELECT number FROM tasks WHERE run = ?)",
    "DELETE FROM tasks WHERE run = ?",
    "DELETE FROM runs WHERE number = ?",
)

OUTPUTS: Final = "SELECT outputs FROM tasks WHERE run = ? AND outputs <> ''"
KEEP: Final = (
    PRODUCT_INTO.head.replace("REPLACE", "IGNORE") + f"({', '.join('?' * PRODUCT_INTO.width)})"
)
"""Keeps a product whose maker is deleted."""
FORGET: Final = "DELETE FROM products WHERE hash = ?"
HASHES: Final = "SELECT hash FROM products"
