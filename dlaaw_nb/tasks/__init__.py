"""Ready tasks: files, tables, programs, services, notebooks and pictures.

They are found by their names (``ready_task``, ``dlaaw tasks``) and imported one by one, on first
use; this room imports nothing by itself.
"""
