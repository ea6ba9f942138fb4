"""What must hold across keys: mostly, that nothing is written down that would silently do nothing.

Each rule is one small function named for what must be so. It yields a finding for each place where it is not.
"""

from __future__ import annotations

from freehold.app.config.problems import Finding
from freehold.app.config.rules.door import DOOR_RULES
from freehold.app.config.rules.effort import EFFORT_RULES
from freehold.app.config.rules.names import NAME_RULES
from freehold.app.config.rules.picture import Picture, Rule
from freehold.app.config.rules.reach import REACH_RULES

RULES: tuple[Rule, ...] = (*DOOR_RULES, *EFFORT_RULES, *REACH_RULES, *NAME_RULES)


def findings(picture: Picture) -> list[Finding]:
    """Everything that any rule finds."""
    return [finding for rule in RULES for finding in rule(picture)]


__all__ = ["RULES", "Picture", "Rule", "findings"]
