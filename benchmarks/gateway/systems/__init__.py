"""The systems side by side. One file each: how to get it, its settings, how to start it.

To add one: write a `System` and name it in `ALL`. Nothing else is touched.
"""

from benchmarks.gateway.systems.freehold import Freehold
from benchmarks.gateway.systems.litellm import LiteLLM
from benchmarks.gateway.systems.nginx import Nginx
from benchmarks.gateway.systems.portkey import Portkey
from benchmarks.gateway.systems.system import Launch, Site, System
from benchmarks.gateway.systems.tensorzero import TensorZero

ALL: tuple[System, ...] = (Nginx(), Freehold(), TensorZero(), Portkey(), LiteLLM())
LIMIT = "nginx"
DIRECT = "direct"  # the generator straight to the mock; what latencies are added to

__all__ = ["ALL", "DIRECT", "LIMIT", "Launch", "Site", "System"]
