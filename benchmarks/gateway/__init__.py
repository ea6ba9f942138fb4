"""What a gateway costs, side by side.

Every system stands between the same load generator and the same mock upstream on loopback, as one process tree pinned
to one core; generator and mock share the other. Rounds are interleaved, so that a slow minute of the machine falls on
every system alike. Each system is set up as its own documentation advises for production, and what that leaves out is
said in its `settings`.

    python -m benchmarks.gateway --quick                 # a minute or two, enough to see the order
    python -m benchmarks.gateway --json results.json     # the real run
    python -m benchmarks.gateway --from results.json --write docs/benchmarks.md
    python -m benchmarks.gateway --soak 60               # memory over an hour, Freehold alone

Costs are ratios to nginx as a plain reverse proxy, which does nothing but pass bytes: the limit. A system that gives
one answer other than 200, cuts one stream or answers without asking the upstream loses that row. It does not measure
more than one process per system, TLS, or any network but loopback.
"""
