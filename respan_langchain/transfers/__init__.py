"""Rows on their way from one platform, or one file, to another: none lost, none twice."""
