"""Rows on their way to files and to other tools."""
