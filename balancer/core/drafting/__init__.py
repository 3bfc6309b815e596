"""A plan in the making: which moves are asked for, weighed, taken or rejected, alone or with a group.

Rule: whatever takes a move takes it here, so every step meets the same walls and leaves the same reasons.
"""
