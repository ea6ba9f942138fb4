"""The words in which a request is told that it does not fit."""

from __future__ import annotations

from freehold.ground.errors import BudgetExhausted, FreeholdError, RateLimited
from freehold.ground.units import NANOS_PER_USD
from freehold.stack.allowances.slots import Slot
from freehold.stack.allowances.terms import Period, Unit

_LESS = {
    Unit.USD: "Ask a cheaper model, or lower max_tokens",
    Unit.TOKENS: "Send a shorter prompt, or lower max_tokens",
    Unit.REQUESTS: "Send fewer requests",
}


def unpriced() -> BudgetExhausted:
    """The key has a budget in money, and nobody knows what the request would cost."""
    return BudgetExhausted(
        "The key has a budget in money, and the price of this model is unknown.",
        advice="Set the model's price in freehold.toml, choose a model with a known price, or use a key without a budget.",
    )


def refusal(slot: Slot, amount: int, now: float) -> FreeholdError:
    """Why `amount` cannot be taken from `slot`, and what would fit."""
    allowance = slot.allowance
    unit, period = allowance.unit, allowance.period
    limit = f"{_shown(unit, slot.limit)} per {period.value}"
    if amount > slot.limit:
        return BudgetExhausted(
            f"The request may take {_shown(unit, amount)}; the key is allowed {limit}.",
            advice=f"{_LESS[unit]}: at most {_shown(unit, slot.limit)} ever fits.",
        )
    rest = max(0, slot.free + slot.left)
    wait = max(0.0, slot.ends - now)
    message = f"The key has {_shown(unit, rest)} left of {limit}; the request may take {_shown(unit, amount)}."
    if period in (Period.MINUTE, Period.HOUR):
        return RateLimited(message, retry_after=wait)
    return BudgetExhausted(
        message,
        advice=f"{_LESS[unit]} (at most {_shown(unit, rest)} fits), wait {_span(wait)} for the next {period.value}, "
        "or raise the budget with `freehold keys`.",
    )


def _shown(unit: Unit, amount: int) -> str:
    if unit is Unit.USD:
        return f"${amount / NANOS_PER_USD:.9f}".rstrip("0").rstrip(".")
    return f"{amount} {unit.value if amount != 1 else unit.value[:-1]}"


def _span(seconds: float) -> str:
    for name, length in (("day", 86_400), ("hour", 3600), ("minute", 60)):
        if seconds >= 2 * length:
            return f"{seconds // length:.0f} {name}s"
    return f"{seconds:.0f} seconds"
