"""Anthropic Messages requests, translated to Chat Completions.

Left out, because they change the bill, the speed or the books but not the answer: `cache_control` (servers that do not
know it refuse it), `metadata`, `service_tier`, `speed`, `diagnostics`, `user_profile_id`, `workspace_id`,
`eager_input_streaming`; citations on earlier answers; thinking of earlier turns that another provider signed;
`context_management` that only clears thinking; `effort` and `thinking: disabled` where the model does not reason.
`thinking` of type adaptive is what chat models do unasked. A bound on tokens is lowered to what the offer can do.
"""

from freehold.compute.dialects.from_messages.request import messages_to_chat

__all__ = ["messages_to_chat"]
