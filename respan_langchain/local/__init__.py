"""EDGE. The platform on your own machine: SQLite behind the same API."""
