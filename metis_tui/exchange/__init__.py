"""Files for other people and from other programs: exports, citations, imports. Knows the core only."""
