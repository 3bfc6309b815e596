"""A farm in figures: columns of hosts and VMs, what rules may ask of them, and whom they mean.

Rule: figures are read here and judged nowhere in here.
"""
