"""Freehold with everything switched on."""

from benchmarks.gateway import tools
from benchmarks.gateway.systems.system import Launch, Site


class Freehold:
    """Not yet."""

    name = "Freehold"
    settings = "Not yet."

    def prepare(self) -> None:
        raise tools.Missing("`freehold up` is not there yet")

    def launch(self, site: Site) -> Launch:
        raise NotImplementedError
