"""
AG-UI interrupts as approvals, and decisions as the entries that resume a run; and back.

Pure functions over what is on the wire (AG-UI 1.0): plain dicts in, plain dicts out, no
dependency. `request_for` and `resume` serve an application that gets interrupts from an agent
and has people decide in Placet. `interrupt_for` and `decision_for` serve a frontend in which
people decide on approvals of Placet.
"""

from ._asking import request_for, resume
from ._showing import decision_for, interrupt_for

__all__ = ["decision_for", "interrupt_for", "request_for", "resume"]
