"""Removes secrets and, if asked, personal data, and applies the user's redactors.

Pure: no I/O, no clock, no threads.
"""
