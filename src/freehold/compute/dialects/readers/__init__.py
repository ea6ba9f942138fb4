"""Upstream dialects, read into pieces: one reader per dialect, for whole answers and streams alike."""
