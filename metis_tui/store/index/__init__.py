"""The full-text index: an SQLite file on this node's own disk, made of the saved conversations and never needed.

It can be deleted at any moment: everything in it comes from the segments, and is checked against them before it is
shown. SQLite never opens a file in the data or the cache folder, because both may be on a file server.
"""
