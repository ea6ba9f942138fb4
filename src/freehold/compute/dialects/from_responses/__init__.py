"""OpenAI Responses requests, translated to Chat Completions.

No state is kept on the server, so everything that needs it is refused: `previous_response_id`, `conversation`,
`prompt`, `background`, `item_reference` and `store: true` (a missing `store` counts as false, and the answer says so).

Left out, because they change the bill, the speed or the books but not the answer: `metadata` (repeated in the answer),
`user`, `safety_identifier`, `prompt_cache_key` and its kin, cache breakpoints, `service_tier`, `stream_options`; an
image's `detail` is kept. `max_tool_calls` and most of `include` concern tools that run at OpenAI, which are refused
themselves. Where `reasoning.summary` asks for one, all of the reasoning is given in its place. Reasoning items of other
providers are left out (see `reasoning`), and so is what OpenAI's own clients add to earlier answers (`parsed`,
`parsed_arguments`: the text and the arguments once more).
"""

from freehold.compute.dialects.from_responses.request import responses_to_chat

__all__ = ["responses_to_chat"]
