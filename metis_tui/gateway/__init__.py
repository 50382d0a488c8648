"""The inference gateway, spoken to over HTTP. Knows nothing of screens, files or Globus."""
