"""The commands of `xen-balancer-agent` and `mc-pgrep`, one file each."""
