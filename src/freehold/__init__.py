"""One endpoint over all the AI compute you own, rent or can call."""
