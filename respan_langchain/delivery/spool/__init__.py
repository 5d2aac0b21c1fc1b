"""Rows on disk: one SQLite file per process, adopted by the next process for the same platform."""
