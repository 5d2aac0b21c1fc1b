"""The command line. Needs the `local` extra."""
