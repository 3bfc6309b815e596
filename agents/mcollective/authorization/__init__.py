"""May this caller do this here? MCollective's word for it is authorization, and its files are those of ActionPolicy.

Rule: on the side of no: what cannot be read or told never allows anything.
"""
