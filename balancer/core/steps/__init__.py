"""The steps of a plan: repairs, drains, relief, preferences, the goal. `planning.STEPS` has their order.

Rule: a step asks the draft for moves and knows no other step.
"""
