"""PURE. What happened, as records: no thread, clock, file, log, environment or network."""
