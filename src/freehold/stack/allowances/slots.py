"""What a worker holds of one allowance in one window, and when to get more.

A slot belongs to one window for ever; the next window has a slot of its own. So a request that was reserved before midnight
is settled where it was reserved.

Slices begin at four requests' worth, double while they are drained within a second, and halve while they are not, up to a
share of the limit. So a busy key seldom draws, and a crash costs a quiet one little.
"""

from __future__ import annotations

from freehold.stack.allowances.slices import Draw, Slice
from freehold.stack.allowances.terms import Allowance, Period, Unit
from freehold.stack.allowances.windows import LENGTH, end_of, window_at

UNITS = (Unit.USD, Unit.TOKENS, Unit.REQUESTS)
"""The order of amounts: what a `Slot.unit` points into."""
_SHARE = {Period.MINUTE: 4, Period.HOUR: 10, Period.DAY: 50, Period.MONTH: 50}
"""The part of a limit that one slice may hold beyond what is needed now: a quarter, a tenth, two per cent."""
_FIRST = 4
_BUSY = 1.0
"""Seconds."""
_BELIEVED = 1.0
"""Seconds for which what the database had left is taken for true: between other workers' returns, none is asked in vain."""
_NEVER = float("inf")


class Slot:
    """Plain numbers, touched on the event loop only.

    granted >= taken >= used: drawn from the database; reserved or used by requests; used by requests that have ended.
    """

    __slots__ = (
        "allowance",
        "drawn",
        "ends",
        "granted",
        "left",
        "limit",
        "low",
        "owner",
        "stride",
        "taken",
        "told",
        "unit",
        "used",
        "window",
    )

    def __init__(self, owner: str, allowance: Allowance, window: int, now: float) -> None:
        self.owner = owner
        self.allowance = allowance
        self.unit = UNITS.index(allowance.unit)
        self.limit = allowance.amount
        self.window = window
        # The row may be ahead of the calendar where a clock was wrong: then this window lasts its full length from now.
        self.ends = min(end_of(allowance.period, window), now + LENGTH[allowance.period])
        self.granted = self.taken = self.used = 0
        self.told = 0
        """How much of `used` the database knows."""
        self.left = self.limit
        """What the database had left when last asked."""
        self.low: float = _NEVER
        """More is drawn in the background once `taken` is above this."""
        self.stride = 0
        self.drawn = -_NEVER
        """When a slice was last drawn."""

    @property
    def free(self) -> int:
        return self.granted - self.taken

    def amend(self, allowance: Allowance) -> None:
        """Go on under another limit."""
        self.allowance = allowance
        self.limit = allowance.amount
        self.drawn = -_NEVER

    def wish(self, needed: int, least: int, now: float) -> Draw | None:
        """What to draw so that `needed` can be taken, `least` by the most modest; None where nothing is to be drawn."""
        over = now >= self.ends
        free = 0 if over else self.free
        lacking = max(0, needed - free)
        if not over and not lacking and self.taken <= self.low:
            return None
        return Draw(
            name=self.allowance.name,
            window=max(window_at(self.allowance.period, now), self.window + 1) if over else self.window,
            limit=self.limit,
            least=max(0, least - free),
            wanted=lacking,
            reserve=self._next_stride(needed, now),
        )

    def receive(self, slice: Slice, now: float) -> Slot:
        """Take in a slice; gives the slot that holds it: this one, or that of a later window."""
        slot = self
        if slice.window != self.window:
            slot = Slot(self.owner, self.allowance, slice.window, now)
            slot.stride = self.stride
        slot.granted += slice.granted
        slot.left = slice.left
        slot.low = slot.granted - slice.granted / 2 if slice.granted and slice.left else _NEVER
        slot.drawn = now
        return slot

    def fits(self, amount: int, now: float) -> bool:
        """False where `amount` surely does not fit into this window."""
        if amount > self.limit:
            return False
        believed = now < self.ends and now < self.drawn + _BELIEVED
        return not believed or amount <= self.free + self.left

    def _next_stride(self, needed: int, now: float) -> int:
        if not self.stride:
            self.stride = _FIRST * needed
        elif now - self.drawn < _BUSY:
            self.stride *= 2
        else:
            self.stride = max(self.stride // 2, _FIRST * needed)
        self.stride = min(self.stride, self.limit // _SHARE[self.allowance.period])
        return self.stride
