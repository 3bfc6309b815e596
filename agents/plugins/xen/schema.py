"""What `xenagent` can be asked.

Rule: whatever is in a URI or an id that others send means one thing here, and nothing to a shell or to libvirt besides.
"""

from typing import Final

from agents.mcollective.ddl import Action, Ddl, Input, Output

NAME: Final = r"^[^\x00-\x1f]{1,200}$"
ORDER: Final = r"^[A-Za-z0-9_][\w.:-]{0,199}$"
HOST: Final = r"^[A-Za-z0-9_][\w.-]{0,199}$"
# No query: libvirt would take `?command=…` from it and run that as root. No transport that starts programs (ext).
TARGET_URI: Final = r"^[a-z]+(\+(tcp|tls|ssh|libssh|libssh2))?://(\w[\w.-]*@)?[A-Za-z0-9\[][\w.:\]-]*/[\w/-]*$"
MIGRATION_URI: Final = r"^tcp://[A-Za-z0-9\[][\w.:\]-]*$"

NAMED: Final = (Input("name", "The domU's name", validation=NAME, maxlength=200),)
ORDERED: Final = (
    Input("order", "The order's id", validation=ORDER),
    Input("epoch", "The epoch of the balancer that gives it", "integer"),
)

DDL: Final = Ddl(
    agent="xenagent",
    description="Load of a hypervisor and its VMs, and their live migration",
    version="2.0",
    timeout=30,
    authorized_by_policy=True,
    actions=(
        Action(
            "report",
            "How the host and its VMs are",
            outputs=(Output("report", "The report as one string of JSON, report/1"),),
            timeout=20,
        ),
        Action(
            "migrate",
            "Migrate a VM from this host: by order, answered at once, or by slice and newhost as in 2010",
            inputs=(
                Input("order", "The order's id; a known one starts nothing", optional=True, validation=ORDER),
                Input("epoch", "The epoch of the balancer that gives it", "integer", optional=True),
                Input("vm", "The VM's uuid", optional=True, validation=NAME),
                Input("name", "The VM's name", optional=True, validation=NAME),
                Input("source", "The host it runs on, which must be this one", optional=True, validation=HOST),
                Input("target", "The host it shall go to", optional=True, validation=HOST),
                Input("target_uri", "The target's libvirt URI, as seen here", optional=True, validation=TARGET_URI),
                Input("migration_uri", "The way of its data", optional=True, validation=MIGRATION_URI),
                Input("valid_until", "Seconds since the epoch after which it is late", "number", optional=True),
                Input("domain_id", "The domain id that it must still have", "integer", optional=True),
                Input("hand_over", "Whether it arrives paused, until take_over", "boolean", optional=True),
                Input("slice", "The domU's name, with newhost and without all others", optional=True, validation=NAME),
                Input("newhost", "The new host's IPv4 address", optional=True, validation="ipv4address", maxlength=50),
            ),
            outputs=(
                Output("state", "By order: under way, done, failed or lost"),
                Output("error", "By order: why it failed", ""),
                Output("result", "By slice: whether it has arrived"),
            ),
        ),
        Action(
            "order",
            "How an order stands",
            inputs=(Input("order", "The order's id", validation=ORDER),),
            outputs=(
                Output("state", "under way, done, failed, lost or unknown"),
                Output("error", "Why it failed", ""),
                Output("seconds", "How long it took, or takes until now", 0.0),
                Output("age", "How many seconds ago it was given", 0.0),
                Output("vm", "The VM's name", ""),
                Output("target", "The host it goes to", ""),
            ),
        ),
        Action(
            "admit",
            "Look whether a VM can be taken in, and keep its memory for it",
            inputs=(
                *ORDERED,
                Input("valid_until", "Seconds since the epoch after which it is late", "number"),
                Input("expires", "Seconds that the memory is kept", "number"),
                Input("guest", "What the VM is and needs, as JSON", validation=r"^\{.*\}$", maxlength=1_000_000),
            ),
            outputs=(Output("obstacles", "What stands against it; none where it can come"),),
        ),
        Action(
            "take_over",
            "Let a VM run that was admitted and has arrived paused",
            inputs=(*ORDERED, Input("vm", "The VM's uuid", validation=NAME)),
        ),
        Action(
            "reach",
            "Whether the libvirts of other hosts can be reached from here, by TCP",
            inputs=(Input("uris", "Their URIs, a JSON list", validation=r"^\[.*\]$", maxlength=1_000_000),),
            outputs=(Output("reached", "By URI: nothing where it can, else why not"),),
            timeout=120,
        ),
        Action(
            "echo", "Say it again", inputs=(Input("msg", "What to say", validation=r"^[^\x00]*$", maxlength=10_000),)
        ),
        Action("find", "Whether the host has the domU: Present or Absent", inputs=NAMED),
        Action("list", "The host's slices, Domain-0 among them", outputs=(Output("slices", "Their names"),)),
        Action(
            "stat",
            "The host's load, and what its domUs have used",
            outputs=(
                Output("slices", "Names of the domUs"),
                Output("load", "Load average of Domain-0 over one minute"),
                Output("times", "CPU seconds of each domU since it came"),
            ),
        ),
        Action("create", "Start a domU that is defined here", inputs=NAMED, outputs=(Output("result", "Whether"),)),
        Action("destroy", "Stop a domU at once", inputs=NAMED, outputs=(Output("result", "Whether"),)),
    ),
)
