"""Reading the configuration: `freehold.toml` and the environment, checked as a whole, to `Settings`.

`load` gives settings or raises `ConfigRejected` with every problem and its line; `Watcher` notices a change.
"""

from freehold.app.config.load import Loaded, find_file, load, load_text
from freehold.app.config.problems import ConfigRejected, Origin, Problem

__all__ = ["ConfigRejected", "Loaded", "Origin", "Problem", "find_file", "load", "load_text"]
