"""What tests of this folder are about: the two Xen hypervisors, the two hosts of libvirt's QEMU driver, or both.

Each kind is one group, which one process runs from its first test to its last. A pair on QEMU is made anew for each
test, so there may be two of them.
"""

import pytest

ON_XEN = (pytest.mark.xen, pytest.mark.xdist_group("xen"))
ON_QEMU = (pytest.mark.xdist_group("pair"),)
ON_ANOTHER_QEMU = (pytest.mark.xdist_group("another pair"),)
KINDS = (pytest.param("xen", marks=ON_XEN), pytest.param("qemu", marks=ON_QEMU))
XEN = pytest.mark.parametrize("kind", KINDS[:1], indirect=True)
"""Not told of the QEMU driver, whose hosts have one machine's CPUs and memory, and nothing of Xen."""
