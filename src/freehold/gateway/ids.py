"""Request ids that sort by time.

`req_` + when this process started (milliseconds since the epoch, 11 hex digits) + 6 random digits + a counter (8). Ordered ids
keep the receipts' index append-only, so that writing one touches few pages; they are names, not secrets.
"""

from __future__ import annotations

import os
import secrets
import time
from itertools import count

_process = ""
_counter = count()


def _begin() -> None:
    """Take a name for this process. A forked worker takes its own, or two would give out the same ids."""
    global _process, _counter
    _process, _counter = f"req_{int(time.time() * 1000):011x}{secrets.token_hex(3)}", count()


_begin()
os.register_at_fork(after_in_child=_begin)


def new_request_id() -> str:
    """A name for a request that no other request has."""
    return f"{_process}{next(_counter):08x}"
