"""The embedded platform's SQLite store: schema, tables, queries. Knows nothing of HTTP."""
