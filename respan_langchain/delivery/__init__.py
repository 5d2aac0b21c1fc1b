"""EDGE. Out of the process, in batches; generic in what it carries."""
