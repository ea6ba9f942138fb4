"""Rules about names: that aliases and prices point to something, and that nothing is said twice."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from freehold.app.config.positions import Path
from freehold.app.config.problems import Finding, closest
from freehold.app.config.rules.picture import Picture, Rule, at
from freehold.compute.catalog import AUTO


def aliases_have_usable_names(picture: Picture) -> Iterator[Finding]:
    for alias in picture.settings.aliases:
        if not alias.strip() or alias == AUTO:
            yield Finding(
                path=at("aliases", alias),
                what='this name is taken: "auto" is chosen by Freehold' if alias else "an alias needs a name",
                allowed="another name; use `preference` to steer auto",
            )


def aliases_lead_somewhere(picture: Picture) -> Iterator[Finding]:
    for alias, targets in picture.settings.aliases.items():
        for index, target in enumerate(targets):
            provider = _provider_in(target)
            if provider is not None and provider not in picture.askable:
                yield _nobody(picture, at("aliases", alias, index), provider)


def aliases_do_not_lead_to_themselves(picture: Picture) -> Iterator[Finding]:
    for alias, targets in picture.settings.aliases.items():
        for index, target in enumerate(targets):
            if target in picture.settings.aliases:
                yield Finding(
                    path=at("aliases", alias, index),
                    what="an alias cannot stand for another alias",
                    allowed="provider/model, or a model's name; wildcards are welcome",
                )


def prices_are_about_someone(picture: Picture) -> Iterator[Finding]:
    for name, price in picture.settings.prices.items():
        path = at("prices", name)
        provider = _provider_in(name)
        if provider is None:
            yield Finding(path=path, what="it does not say whose price that is", allowed='"provider/model"')
        elif provider not in picture.askable:
            yield _nobody(picture, path, provider)
        if price.price() == type(price)().price():
            yield Finding(path=path, what="it states no price", allowed="input = 0.5, output = 1.5")


def price_tiers_ascend(picture: Picture) -> Iterator[Finding]:
    for name, price in picture.settings.prices.items():
        for index in range(1, len(price.above)):
            if price.above[index].tokens <= price.above[index - 1].tokens:
                yield Finding(
                    path=at("prices", name, "above", index, "tokens"),
                    what="tiers have to ascend",
                    allowed=f"more than {price.above[index - 1].tokens}",
                )


def nothing_is_said_twice(picture: Picture) -> Iterator[Finding]:
    lists: dict[Path, Sequence[object]] = {}
    for name, provider in picture.settings.providers.items():
        lists[at("providers", name, "models")] = provider.models
        lists[at("providers", name, "dialects")] = provider.dialects
        lists[at("providers", name, "keys")] = provider.keys
    for alias, targets in picture.settings.aliases.items():
        lists[at("aliases", alias)] = targets
    for path, items in lists.items():
        for index, item in enumerate(items):
            if item in items[:index]:
                yield Finding(path=(*path, index), what="it stands in this list already", allowed="each once")


def _provider_in(target: str) -> str | None:
    """The provider that `provider/model` names; None where it is left open."""
    provider, slash, _ = target.partition("/")
    return provider if slash and "*" not in provider else None


def _nobody(picture: Picture, path: Path, provider: str) -> Finding:
    row = picture.document.rows.get(provider)
    if provider in picture.settings.providers:
        what, allowed = f"the provider {provider} is disabled", "an enabled provider"
    elif row is not None and row.key_env:
        what, allowed = f"the provider {provider} is not switched on", f"set {row.key_env[0]}, or add its table"
    else:
        what, allowed = f"there is no provider {provider}", ", ".join(sorted(picture.askable))
    return Finding(path=path, what=what, allowed=allowed, suggestion=closest(provider, picture.askable))


NAME_RULES: tuple[Rule, ...] = (
    aliases_have_usable_names,
    aliases_lead_somewhere,
    aliases_do_not_lead_to_themselves,
    prices_are_about_someone,
    price_tiers_ascend,
    nothing_is_said_twice,
)
