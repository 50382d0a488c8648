"""Access tokens: where they come from. Knows nothing of HTTP, models or screens."""
