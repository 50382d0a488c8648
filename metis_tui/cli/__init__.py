"""The headless front end: one command, one file. Knows chat and config; nothing of HTTP, stored files or widgets."""
