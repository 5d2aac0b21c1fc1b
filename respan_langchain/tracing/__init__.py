"""From callback events to finished runs: the run table, roots, late children, interrupts, totals.

Pure: no I/O, no clock, no threads.
"""
