"""Floor 5: fakes and contract suites, shipped to users who write providers of their own."""
