"""Settings: options with an environment variable. Reads every `RESPAN_*` but `RESPAN_CAPTURE`.

Each option is an argument of the handler or a variable `RESPAN_<NAME>`; an argument wins, then the
variable, then the default. `.env` files are not read: that is the application's decision.
"""
