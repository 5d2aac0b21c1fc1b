"""Settings: options with an environment variable, and the only reader of the environment.

Each option is an argument of the handler or a variable `RESPAN_<NAME>`; an argument wins, then the
variable, then the default. `.env` files are not read: that is the application's decision.
"""
