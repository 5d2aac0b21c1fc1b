"""Removes secrets, which are found by format and by name, and applies the user's redactors.

Pure: no I/O, no clock, no threads.
"""
