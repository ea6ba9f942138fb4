"""Chat Completions requests, translated to Anthropic Messages.

Carried over beyond OpenAI's own words: `top_k`, `thinking` (as Anthropic's own chat endpoint takes it), `reasoning` and
`reasoning_details` (as OpenRouter takes them), `thinking_blocks` and `cache_control` (as LiteLLM takes them). `user` or
`safety_identifier` becomes `metadata.user_id`. JSON mode becomes a forced tool whose arguments are the answer.

Left out, because they change the bill, the speed or the books but not the answer: `metadata`, `service_tier`,
`prompt_cache_key` and its kin, `prediction`, `stream_options.include_obfuscation`, `annotations` of earlier answers and
what OpenAI's own clients add to them (`parsed`, `parsed_arguments`: the text and the arguments once more), an image's
`detail`, the name of a JSON schema; values that are the default anyway (`n: 1`, penalties of 0, `temperature` and `top_p`
of 1, `verbosity: medium`); reasoning of earlier turns that carries no signature of Anthropic's.
"""

from freehold.compute.dialects.to_messages.request import chat_to_messages

__all__ = ["chat_to_messages"]
