"""The questions that are put to the provenance database."""

from __future__ import annotations

from typing import Final

from dlaaw_nb.store.schema import DONE, PRODUCT_COLUMNS, RUN_COLUMNS, TASK_COLUMNS

__all__ = [
    "DELETE_RUN", "DURATIONS", "EXPORT", "FIND", "FINISHED", "FLOW", "LOOKUP", "MAKER", "NUMBER",
    "PRODUCT", "PRODUCTS", "REFERENCES", "RUNNING", "RUNS", "RUNS_LIKE", "RUN_IDS", "TASKS",
    "TASKS_NAMED",
]  # fmt: skip

_RUN: Final = ", ".join(RUN_COLUMNS)
_TASK: Final = ", ".join(TASK_COLUMNS)
_OUTPUTS: Final = "json(CASE t.outputs WHEN '' THEN '[]' ELSE t.outputs END)"
_PRODUCT: Final = ", ".join(f"p.{name}" for name in PRODUCT_COLUMNS)

LOOKUP: Final = f"""
    SELECT json_group_array(json_array(k.value, {_OUTPUTS})) FROM json_each(?) AS k
    CROSS JOIN tasks AS t ON t.number = (
        SELECT number FROM tasks WHERE key = k.value AND {DONE} ORDER BY finished DESC LIMIT 1)"""  # noqa: S608 - of constants
"""Outputs of the newest finished task of each key.

This and others give one row of JSON, for Python asks for each row anew, and waits each time until a
thread that computes has let go of the interpreter's lock."""

FINISHED: Final = f"""
    SELECT json_group_array(json_array(t.name, {_OUTPUTS})) FROM (
        SELECT name, outputs FROM tasks WHERE run = ? AND state IN ('finished', 'cached')
        ORDER BY finished, name) AS t"""  # noqa: S608
"""Outputs of the tasks of a run that ended well."""

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
NUMBER: Final = "SELECT number FROM runs WHERE id = ?"

TASKS: Final = f"SELECT {_TASK} FROM tasks WHERE run = ? ORDER BY finished IS NULL, finished, name"  # noqa: S608
TASKS_NAMED: Final = f"""
    SELECT {_TASK} FROM json_each(?2) AS k CROSS JOIN tasks ON run = ?1 AND name = k.value"""  # noqa: S608
FLOW: Final = "SELECT name, started, finished, inputs, outputs FROM tasks WHERE run = ?"
"""What the tasks of a run read and made, and when."""
MAKER: Final = """
    SELECT r.id, t.name FROM makers AS m JOIN tasks AS t ON t.number = m.task
    JOIN runs AS r ON r.number = t.run
    WHERE m.hash = ?1 AND t.state IN ('finished', 'cached') AND instr(t.outputs, ?2)
    ORDER BY r.started DESC, t.finished DESC LIMIT 1"""
"""The newest task that made a product, by the number of its hash and the hash."""

PRODUCT: Final = ", ".join(f"p.{name}" for name in PRODUCT_COLUMNS)

LOOKUP: Final = f"""
    SELECT json_group_array(json_array(k.value, {_OUTPUTS})) FROM json_each(?) AS k
    CROSS JOIN tasks AS t ON t.number = (
        SELECT number FROM tasks WHERE key = k.value AND {DONE} ORDER BY finished DESC LIMIT 1)"""  # noqa: S608 - of constants
"""Outputs of the newest finished task of each key.

This and others give one row of JSON, for Python asks for each row anew, and waits each time until a
thread that computes has let go of the interpreter's lock."""

FINISHED: Final = f"""
    SELECT json_group_array(json_array(t.name, {_OUTPUTS})) FROM (
        SELECT name, outputs FROM tasks WHERE run = ? AND state IN ('finished', 'cached')
        ORDER BY finished, name) AS t"""  # noqa: S608
"""Outputs of the tasks of a run that ended well."""

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
NUMBER: Final = "SELECT number FROM runs WHERE id = ?"

TASKS: Final = f"SELECT {_TASK} FROM tasks WHERE run = ? ORDER BY finished IS NULL, finished, name"  # noqa: S608
TASKS_NAMED: Final = f"""
    SELECT {_TASK} FROM json_each(?2) AS k CROSS JOIN tasks ON run = ?1 AND name = k.value"""  # noqa: S608
FLOW: Final = "SELECT name, started, finished, inputs, outputs FROM tasks WHERE run = ?"
"""What the tasks of a run read and made, and when."""
MAKER: Final = """
    SELECT r.id, t.name FROM makers AS m JOIN tasks AS t ON t.number = m.task
    JOIN runs AS r ON r.number = t.run
    WHERE m.hash = ? AND t.state IN ('finished', 'cached')
    ORDER BY r.started DESC, t.finished DESC LIMIT 1"""
"""The newest task that made a product."""

PRODUCT: Final = (
    f"SELECT {_PRODUCT} FROM products AS p WHERE hash = ? ORDER BY recorded DESC LIMIT 1"  # noqa: S608
)
_PACKED: Final = _PRODUCT.replace(
    "p.inline", "CASE WHEN p.inline IS NOT NULL THEN hex(p.inline) END"
)
PRODUCTS: Final = f"""
    SELECT json_group_array(json_array(p.tag, p.recorded, {_PACKED}))
    FROM json_each(?) AS k CROSS JOIN products AS p ON p.hash = k.value"""  # noqa: S608
"""All products of each hash, with their bytes in hexadecimal."""
FIND: Final = f"""
    SELECT {_PRODUCT} FROM products AS p WHERE p.hash >= ?1 AND p.hash < ?1 || 'g'
    ORDER BY p.recorded LIMIT 20"""  # noqa: S608
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
