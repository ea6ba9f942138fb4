"""Speech to text on this machine, through faster-whisper. Needs the `speech` extra."""

from freehold.compute.providers.whisper.provider import WhisperOptions, WhisperProvider

__all__ = ["WhisperOptions", "WhisperProvider"]
