"""What must not leave the process: secrets by form and by key name, and the user's redactors.

Pure: no I/O, no clock, no threads.
"""
