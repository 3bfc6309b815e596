"""MCollective 2.12's wire: a full member of a collective among stock Ruby peers.

Rule: values in, values out; only `connector` and `service` do I/O here, and nobody else knows STOMP.

Below the client and the server everything is sans-IO: `serializers` (bytes), `message` (envelope and bodies),
`security` (who says so) with `keys`, `freshness` (is it new), `selection` (is it for us), `authorization` (may they),
`ddl` (is it well asked), `connector.destinations` (where to). A further broker, serializer or security plugin is a file
and a row.
"""
