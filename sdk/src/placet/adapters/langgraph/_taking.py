from __future__ import annotations

from placet import AlreadySettled, Approval, Client

from ._rulings import RAN_OUT, Ruling, refused, ruling_of


def take(client: Client, approval: Approval) -> Ruling:
    """
    What was decided; of a yes, once its permission is taken and nobody else can take it.

    :raises GrantConsumed: it was taken before
    :raises PlacetError: it was not taken, or that is unknown: run nothing
    """
    ruling = ruling_of(approval)
    if not ruling.is_yes:
        return ruling
    try:
        client.consume(approval)
    except AlreadySettled:
        return refused(words=RAN_OUT)
    return ruling
