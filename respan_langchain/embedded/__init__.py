"""The embedded platform: the dataset API on a SQLite file, in process."""
