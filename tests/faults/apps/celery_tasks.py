"""A Celery app whose tasks call a chain; its broker is a directory, and it flushes nowhere."""

import os
import socket

from celery import Celery
from celery.signals import worker_ready
from common import call, new_handler

HANDLER = new_handler(flush_interval=600.0)
TASKS = 20

app = Celery("tasks", broker="filesystem://")
app.conf.broker_transport_options = {
    "data_folder_in": "broker",
    "data_folder_out": "broker",
    "control_folder": "broker",
    "store_processed": False,
}


@app.task
def ask(number):
    call(HANDLER, 1, f"task {number} ")
    with socket.create_connection(("127.0.0.1", int(os.environ["DONE"]))) as done:
        done.send(b"!")


@worker_ready.connect
def send_tasks(**_):
    for number in range(TASKS):
        ask.delay(number)
