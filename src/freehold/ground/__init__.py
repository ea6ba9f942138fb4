"""Floor 0: what every room stands on and nothing in it knows about AI: errors, units, clock, digest, database, paths."""
