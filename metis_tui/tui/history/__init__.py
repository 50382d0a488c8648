"""What the history screen shows and does, without its widgets: rows, order, changes and running prompts again."""
