"""Tests of rules: what an author expects of his file, held against what the same loop as ever did with it.

Rule: pure. A test that was played is a `Record`; everything here reads one and says in words and figures what is not
as it should be. Nothing here decides anything about a farm.
"""
