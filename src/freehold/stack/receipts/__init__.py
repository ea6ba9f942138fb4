"""Receipts kept: written in batches behind the event loop, read back by filter and in sums.

What is promised: a receipt handed in is in the database within the writer's window, as long as the database keeps up. A
process that is killed loses at most that window; a machine that loses power may lose the latest commits besides. While the
database refuses, a bounded backlog is kept and the rest is counted.

What is not: receipts are not signed or chained here.
"""

from __future__ import annotations

from freehold.stack.receipts.store import Group, ReceiptFilter, ReceiptStore, Total
from freehold.stack.receipts.writer import ReceiptWriter, Retention, WriterState

__all__ = ["Group", "ReceiptFilter", "ReceiptStore", "ReceiptWriter", "Retention", "Total", "WriterState"]
