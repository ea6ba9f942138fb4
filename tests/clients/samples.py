"""What every client sends: the same tools, schema, picture and sound."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict

CALL_BOTH = "Use weather and then clock."
RESULTS = {"weather": "sunny", "clock": "noon"}
CALLED = (("weather", "city-1"), ("clock", "city-2"))
"""The calls that a fake makes up, each with its city."""
SAID_AFTERWARDS = "The tools said: sunny; noon"
DESCRIBED = {"weather": "Tells the weather in a city.", "clock": "Tells the time in a city."}
CITY = {
    "type": "object",
    "properties": {"city": {"type": "string"}},
    "required": ["city"],
    "additionalProperties": False,
}

STRUCTURED = 'One fruit, as JSON: {"name": "apple", "count": 1}'
LOOK = "What is in this picture?"
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = f"data:image/png;base64,{PIXEL}"

TEXTS = ("the tax return is due in April", "the cat sat on the mat", "a feline rested on a rug")
QUERY = "cat on a mat"
SOUND = Path(__file__).parent.parent / "compute" / "providers" / "whisper" / "castle.wav"
HEARD = "my house is my castle"
"""What is said in it."""


class Fruit(BaseModel):
    """What a structured answer is asked to be."""

    model_config = ConfigDict(extra="forbid")

    name: str
    count: int
