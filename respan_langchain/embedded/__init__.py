"""The platform in a SQLite file, in process: the same API behind an in-process transport."""
