"""One instance of the group, as the fleet knows it."""

from dataclasses import dataclass, field

from local.drill.claims import Held
from local.system.ec2_stub import Imds
from local.system.processes import ManagedProcess


@dataclass
class PlayedInstance:
    """One instance. ``interrupted``: what its worker held when it was told to go, or was killed.

    ``completed``: its lifecycle action, as the last act of a drain.
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
    interrupted: list[Held] = field(default_factory=list)

    def says_ready(self) -> bool:
        """Its worker receives."""
        return self.process.logged("ready: ")

    @property
    def is_retired(self) -> bool:
        """It was scaled in, and not lost in its drain."""
        return self.leaving and not self.killed

    @property
    def is_over(self) -> bool:
        return self.killed or self.exit_code is not None
