"""MCollective's wire: its envelope, its ssl security plugin with YAML, its ActiveMQ destinations, its SimpleRPC.

Rule: values in, values out; of these files only the connector opens a connection, and nobody else knows STOMP.

Below the client and the server everything is sans-IO: `codec` (YAML), `message` (envelope and bodies), `security` (who
says so) with `keys`, `freshness` (is it new), `filters` (is it for us), `policy` (may they), `ddl` (is it well asked),
`destinations` (where to). A further broker is a row in `destinations`, a further serializer or security plugin a file.
"""
