"""The Textual front end. Knows the chat core and the configuration; nothing of HTTP, stored files or Globus."""
