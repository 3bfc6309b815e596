"""The commands of `xen-balancer-agent`, and `mc-pgrep`: one file each.

Rule: a command has `HELP`, `add_arguments` and `run`, which gives an exit code; what goes wrong is raised and told by
whoever called.
"""
