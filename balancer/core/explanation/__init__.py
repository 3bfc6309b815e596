"""Why: a VM, a host, a rule file, in words and figures.

Rule: asked of the planner's own steps, walls and gates; nothing is reckoned a second time.
"""
