"""What holds for the whole server at this moment."""

from approvals.models import Installation


def is_sweep_held() -> bool:
    """Whether deadlines are held back, because so many at once look like a fault of ours."""
    return Installation.objects.filter(sweep_held_at__isnull=False).exists()
