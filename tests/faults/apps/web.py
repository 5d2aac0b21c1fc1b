"""A WSGI app whose handler was made, and used, before the workers were forked."""

import os

from common import call, new_handler

HANDLER = new_handler()
call(HANDLER, 5, "preloaded")


def app(environ, start_response):
    environ["wsgi.input"].read()
    call(HANDLER, 1, environ["QUERY_STRING"])
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [str(os.getpid()).encode()]
