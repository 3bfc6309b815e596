"""Which nodes a request is for: filters, and what they compare.

Rule: both ends use the same code, a client to write a filter, a server to say whether it fits.
"""
