"""A finished run to one row, and a row to bytes.

Pure: no I/O, no clock, no threads.
"""
