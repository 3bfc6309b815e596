"""Which adapters make which mode: the one place where the balancer is put together.

Rule: modes, dialects and outputs are rows of tables; nobody else asks in which mode it runs.
"""
