"""The edges: all that touches a clock, a disk, a socket or a person. Rule: an adapter ends where its library ends."""
