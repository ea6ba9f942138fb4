"""Floor 4: which offer does this task, and carrying it out: selection, dispatch, keys, budgets, cache, receipts."""
