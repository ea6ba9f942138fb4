"""Floor 5: settings, and `build`, the only place that knows all parts."""
