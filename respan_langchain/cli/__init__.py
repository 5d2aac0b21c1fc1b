"""The command line, one module per group of commands; needs the extra `local`."""
