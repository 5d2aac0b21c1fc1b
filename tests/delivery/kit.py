"""Parcels and wires for the chapters on delivery."""

import json
import threading
from collections import Counter

from respan_langchain.answer import Answer
from respan_langchain.delivery.ledger import Ledger
from respan_langchain.delivery.parcel import Parcel, Row

WAIT = 20.0
"""Seconds that a test waits before it gives up; never reached when the code is right."""


def parcel(name, *, ledger=None, address="dataset", size=20):
    body = json.dumps({"id": name}).encode()
    return Parcel(name, address, body.ljust(size), ledger or Ledger())


def row(name, *, number=0, accepted=0.0, **parcel_settings):
    return Row(parcel(name, **parcel_settings), number, accepted)


def all_stored(count):
    envelope = {"success_count": count, "error_count": 0, "errors": []}
    return Answer(201, json.dumps(envelope).encode())


def envelope(stored, failed, errors=(), status=201, **more):
    listed = [{"index": index, "error": words} for index, words in errors]
    content = {"success_count": stored, "error_count": failed, "errors": listed, **more}
    return Answer(status, json.dumps(content).encode())


class Wire:
    """A carrier in memory: stores every row, unless the next answer in `script` says otherwise.

    Such an answer is a function from the rows' ids to an Answer; it decides what `keep` stores.
    """

    def __init__(self):
        self.stored = Counter()
        self.batches = []
        self.looked = []
        self.script = []
        self.listing = True
        self.closed = 0
        self.arrived = threading.Semaphore(0)

    def keep(self, ids):
        self.stored.update(ids)

    def post(self, address, body, deadline):
        ids = [log["id"] for log in json.loads(body)["logs"]]
        self.batches.append(ids)
        self.arrived.release()
        if self.script:
            return self.script.pop(0)(ids)
        self.keep(ids)
        return all_stored(len(ids))

    def find(self, address, ids, deadline):
        self.looked.append(sorted(ids))
        return {name: self.stored[name] for name in ids} if self.listing else None

    def close(self):
        self.closed += 1
