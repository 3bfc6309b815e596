"""Tests of rules as they meet the world: their files, the farm they are played on, chance, and reports for a CI.

Rule: what is expected and whether it came so is decided in `core.trials`; here it is read, played and written.
"""
