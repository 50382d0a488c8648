"""The loopback demo gateway. Knows nothing of the client that talks to it."""
