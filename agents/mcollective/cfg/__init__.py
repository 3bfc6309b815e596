"""MCollective's own files, `server.cfg` and `client.cfg`, so that a site points us at what it has.

Rule: they become the same settings as our own configuration holds; nothing else knows that they exist.
"""
