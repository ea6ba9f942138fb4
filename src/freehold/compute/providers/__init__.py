"""The providers: one file each, or one row in `providers.toml` where a service speaks OpenAI."""
