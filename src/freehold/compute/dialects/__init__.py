"""Translation between wire dialects, with Chat Completions as the hub. Pure: no I/O."""
