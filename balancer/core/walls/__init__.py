"""What a move may never do, however much it helps: one file for each kind of wall.

Rule: unknown counts against moving. Each wall answers for one VM and many targets at once, in the words of `wall.Wall`.
"""
