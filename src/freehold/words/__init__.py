"""Floor 1: the shared vocabulary. Frozen data; no behaviour beyond arithmetic and reading of names."""
