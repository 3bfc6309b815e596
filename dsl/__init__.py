"""The rule language: text in, a checked syntax tree out, evaluated over whole columns of a farm at once.

Rule: this package knows no host and no VM. What there is to say it learns from a `Vocabulary`, what is so from a
`Scope`.
"""
