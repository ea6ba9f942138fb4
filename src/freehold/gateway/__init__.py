"""Floor 6: HTTP. Translates wire to words and back; decides nothing."""
