"""Two ways of deciding the same days, side by side, and the model of a VM that was elsewhere.

Rule: what is modelled is said.
"""
