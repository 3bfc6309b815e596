"""The connector: how messages get to a broker and back, over STOMP; MCollective's word for it too.

Rule: it carries bytes to destinations and knows nothing of what is in them.
"""
