"""Floor 6: the command line. One file per command: parse, call one service, print."""
