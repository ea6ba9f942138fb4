"""Weights: what can be pulled, how it comes here, what is on disk and whether it is whole."""
