"""What an editor is told about a rule file while it is written.

Rule: all but `server` are values in, values out, and know no protocol: a place is an offset into the text. Whatever
stands in the file, half-written or hostile, there is an answer. What the language has is read from its own tables.
"""
