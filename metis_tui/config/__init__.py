"""What the user chose and where files live. Knows nothing of models, screens or the network."""
