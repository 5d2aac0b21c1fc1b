"""The embedded platform's SQLite store: tables, queries, migrations. Knows nothing of HTTP."""
