"""The commands: a module has one command, or some that belong together."""
