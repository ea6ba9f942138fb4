"""Floor 6: the command line. One file per command: parse, call one service, print.

What a command needs is imported when it runs, so that `freehold --help` and shell completion stay quick. Errors rise to
`main`, which alone turns them into a message, advice and an exit code. `--json` prints the house's own Structs: their
fields are the documented shape, and are only ever added to.
"""
