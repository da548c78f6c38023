"""Instants that callers name: RFC 3339, with an offset, and such as a database can hold."""

from datetime import datetime

from django.utils.dateparse import parse_datetime

from approvals.api.problems import Problem

FIRST_YEAR, LAST_YEAR = 1970, 9000


def read(text: str) -> datetime | None:
    """The instant, or None if the text is none that can be used."""
    try:
        found = parse_datetime(text) if text.isascii() else None
    except ValueError:
        return None
    if found is None or found.tzinfo is None or not FIRST_YEAR <= found.year <= LAST_YEAR:
        return None
    return found


def of_field(text: str, pointer: str) -> datetime:
    """
    The instant in a field whose form the schema has checked.

    :raises Problem: there is no such day, or it is too far away
    """
    if found := read(text):
        return found
    error = {"pointer": pointer, "code": "out_of_range", "detail": "not a usable date"}
    raise Problem(422, "out_of_range", f"{pointer}: not a usable date.", errors=[error])
