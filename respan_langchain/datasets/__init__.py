"""A dataset in Python: iterate it, export it, copy it between platforms."""
