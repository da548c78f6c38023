"""The anticipated "no"."""

from collections.abc import Sequence
from typing import Any, ClassVar


class Refusal(Exception):
    """
    Something we understood and will not do.

    Subclasses stand beside the function that raises them and set a stable `code`; the
    message is a sentence fit for a screen. `errors` names the fields at fault as
    `{"pointer", "code", "detail"}`; `current` is the state that says no, for a 409.
    """

    code: ClassVar[str]
    status: ClassVar[int] = 422
    # When asking again may help, for a 429.
    retry_after_seconds: ClassVar[int | None] = None

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[dict[str, str]] = (),
        current: Any = None,
        code: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = list(errors)
        self.current = current
        if code:
            self.code = code  # type: ignore[misc]


class Conflict(Refusal):
    """The state says no."""

    status = 409


class Forbidden(Refusal):
    """This caller may not."""

    status = 403


class Paused(Conflict):
    """Somebody pulled the kill switch for this agent, this checkpoint, or everything."""

    code = "paused"
