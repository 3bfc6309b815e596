"""What `doctor` tells of a farm: its hosts, their clocks and links, and where each VM could go.

Rule: looked at, never acted upon.
"""
