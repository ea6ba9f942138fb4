"""Exit codes: one for each family of errors, so that a script can tell what to do next.

    0    done
    1    an error inside Freehold
    2    the command line was wrong
    3    fix the request: unknown name, bad value, key not accepted
    4    wait, then try again: rate limit, overload
    5    a provider failed and no other was left to ask
    6    a human has to look: budget spent, nothing fits, no gateway running, storage failed
    7    the configuration is wrong
    130  interrupted
    141  whoever read the output went away

They follow from an error's class alone, never from its words.
"""

from __future__ import annotations

from freehold.ground.errors import FixRequest, FreeholdError, GiveUp, InvalidConfig, TryAnother, Wait

OK = 0
INTERNAL = 1
USAGE = 2
INTERRUPTED = 130
READER_GONE = 141

_FAMILIES: tuple[tuple[type[FreeholdError], int], ...] = (
    (InvalidConfig, 7),
    (FixRequest, 3),
    (Wait, 4),
    (TryAnother, 5),
    (GiveUp, 6),
)


def code_for(error: FreeholdError) -> int:
    """The exit code of the error's family."""
    return next((code for family, code in _FAMILIES if isinstance(error, family)), INTERNAL)
