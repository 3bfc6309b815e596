"""What runs on a hypervisor, and the wire it speaks. Rule: never imports the balancer."""
