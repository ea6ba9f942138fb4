"""One file per client: how its users write each feature, and what they get to see."""
