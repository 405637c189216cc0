"""One instance of the group: a worker process with a metadata service of its own stands for it."""

from dataclasses import dataclass, field

from local.drill.claims import HeldClaim
from local.system.ec2_stub import Imds
from local.system.processes import ManagedProcess


@dataclass
class ProcessInstance:
    """The state of one instance.

    ``interrupted``: the claims that its worker held when it was scaled in or killed. ``completed``: the worker has
    completed its lifecycle action, which is the last step of a drain.
    """

    instance_id: str
    zone: str
    process: ManagedProcess
    metadata: Imds
    ready: bool = False
    leaving: bool = False
    killed: bool = False
    completed: bool = False
    exit_code: int | None = None
    interrupted: list[HeldClaim] = field(default_factory=list)

    def says_ready(self) -> bool:
        """Whether its worker has logged that it receives messages."""
        return self.process.logged("ready: ")

    @property
    def is_retired(self) -> bool:
        """Whether it was scaled in, and was not killed while it drained."""
        return self.leaving and not self.killed

    @property
    def is_over(self) -> bool:
        """Whether its process has ended for a reason that the drill knows."""
        return self.killed or self.exit_code is not None
