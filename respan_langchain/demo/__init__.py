"""A shop's support desk, small enough to read, that needs no key and no network."""
