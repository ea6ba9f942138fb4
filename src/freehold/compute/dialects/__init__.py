"""Translation between wire dialects, with Chat Completions as the hub. Pure, except for the thin `bridge`.

    ask in its own dialect ── from_messages | from_responses | from_completions ──> chat fields ── to_messages ──> upstream
    client's own dialect   <── writers ── pieces (the hub of answers) ── readers <── upstream's answer or stream

Requests are rewritten field by field (`members`): what the other dialect has no word for is refused by name, never
dropped. Answers go through `pieces`, one vocabulary for whole answers and streams, so that a dialect is read in one
place and written in one place. `sse` and `usage` serve every dialect, native ones too. What a direction
leaves out as harmless, and why, is said in its own package.
"""
