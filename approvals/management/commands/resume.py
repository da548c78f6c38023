"""`resume [--agent A] [--checkpoint C] [--all] [--reason WHY]`: let go of the kill switch."""

from approvals.management.commands import pause


class Command(pause.Command):
    help = "Let an agent, a checkpoint or everything go on."
    paused = False
