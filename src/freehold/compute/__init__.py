"""Floor 3: everything that can do work: provider contracts, catalog, health, providers, HTTP towards them, dialects."""
