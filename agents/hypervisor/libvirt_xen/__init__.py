"""The hypervisor behind libvirt, made for Xen's libxl driver; it works with any other driver as well.

Rule: only calls that libxl answers, so one call for each domain and no bulk statistics. libvirt's words (node, domain)
end here. A domain that vanishes while one looks is nobody's mistake; a connection that breaks is opened anew, once.
"""

from agents.hypervisor.libvirt_xen.driver import DEFAULT_URI, LibvirtHypervisor

__all__ = ["DEFAULT_URI", "LibvirtHypervisor"]
