"""Datasets to files, data frames and the formats of other tools."""
