"""What holds for the whole server at this moment."""

from approvals.models import Installation


def held_sweep() -> Installation | None:
    """When and why deadlines are held back; None if they are not."""
    return Installation.objects.filter(sweep_held_at__isnull=False).first()
