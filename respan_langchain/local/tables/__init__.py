"""The SQLite file: its tables, and what is asked of them in SQL."""
