"""The agents that every host has, one file each; a roster finds them here and in a site's own folders.

Rule: a file defines `create(context: Context) -> Agent | None` and is named as its agent; None where the configuration
leaves the agent out. What must outlive a reload is kept in the context, never in the file.
"""
