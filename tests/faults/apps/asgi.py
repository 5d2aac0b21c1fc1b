"""A FastAPI app that says nothing of shutdown, and one that passes the library's lifespan."""

import os

from common import call, new_handler
from fastapi import FastAPI

from respan_langchain import flush_at_shutdown

HANDLER = new_handler(flush_interval=600.0)


def answer(name: str) -> int:
    call(HANDLER, 1, name)
    return os.getpid()


app = FastAPI()
app.get("/")(answer)
app_with_lifespan = FastAPI(lifespan=flush_at_shutdown)
app_with_lifespan.get("/")(answer)
