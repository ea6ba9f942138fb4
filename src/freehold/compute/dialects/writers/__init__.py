"""Pieces, written in the client's dialect: one writer per dialect, for whole answers and streams alike."""
