"""Orders on their way: how they ended, how long they take, what a doubt looks like, whose they are.

Rule: what hosts report decides.
"""
