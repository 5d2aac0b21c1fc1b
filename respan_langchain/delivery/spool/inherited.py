"""An SQLite connection that a fork has copied into a child process.

The child may neither use nor close it: closing would touch the parent's file and drop locks. So it
is never freed. Python has no public way to leak an object past the end of the interpreter, which
clears modules and closes what they hold; its C API has (`Py_IncRef`, documented). Tested with
CPython 3.11 to 3.13. Without ctypes the connection lives until the child's interpreter ends.
"""

import sqlite3

_kept: list[sqlite3.Connection] = []


def never_close(connection: sqlite3.Connection) -> None:
    """Keep a connection from being closed in this process."""
    try:
        import ctypes
    except ImportError:
        _kept.append(connection)
    else:
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(connection))
