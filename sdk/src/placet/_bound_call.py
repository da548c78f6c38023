"""A call of a function as something to be approved, and back. No I/O."""

from __future__ import annotations

import copy
import hashlib
import inspect
from collections import OrderedDict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from ._approval import ApprovalState
from ._canonical import canonical
from ._errors import UnsendableValue, UnusableArguments

_MANY = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
_CONTAINERS: dict[Any, str] = {  # by kind of parameter
    inspect.Parameter.VAR_POSITIONAL: "array",
    inspect.Parameter.VAR_KEYWORD: "object",
}
# By annotation, which is text under `from __future__ import annotations`.
_TYPES = {"str": "string", "bool": "boolean", "int": "integer", "float": "number"}
_PYTHON_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "array": (list, tuple),
    "object": (dict,),
}


@dataclass(frozen=True)
class BoundCall:
    """
    One call, with its arguments by name as a reviewer sees them.

    `*args` are a list under that name, `**kwargs` an object. The values are copies: what
    the caller does to its own while a person thinks changes nothing.
    """

    signature: inspect.Signature
    arguments: Mapping[str, Any]  # what is sent
    withheld: Mapping[str, Any]  # what is not

    def schema(self) -> dict[str, Any]:
        """
        What arguments a reviewer may put instead: JSON Schema.

        Of the annotations only plain types count, and only where the call keeps to them.
        """
        parameters = {name: self.signature.parameters[name] for name in self.arguments}
        return {
            "type": "object",
            "properties": {
                name: _schema_of(parameter, self.arguments[name])
                for name, parameter in parameters.items()
            },
            "required": [
                name
                for name, parameter in parameters.items()
                if parameter.default is parameter.empty and parameter.kind not in _MANY
            ],
            "additionalProperties": False,
        }

    def key(self, *, run: str, action: str) -> str:
        """The same for the same call in the same run, whichever process makes it."""
        whole = canonical({"run": run, "action": action, "arguments": self.arguments})
        return "call-" + hashlib.sha256(whole).hexdigest()

    def as_approved(self, approval: ApprovalState) -> inspect.BoundArguments:
        """
        The arguments to call the function with.

        Where a reviewer changed nothing it is the very value of the call, else their JSON.

        :raises NotApproved: nothing may run
        :raises UnusableArguments: they do not fit the function
        """
        approval.require_permission()
        final = approval.arguments
        if unknown := final.keys() - self.arguments.keys():
            raise UnusableArguments(
                f"What was approved names {sorted(unknown)[0]!r}, which was not asked for.",
                approval=approval,
            )
        values = {**self.withheld, **{name: self._value(name, final[name]) for name in final}}
        try:
            return _called_with(self.signature, values)
        except TypeError as error:
            raise UnusableArguments(f"What was approved: {error}.", approval=approval) from error

    def _value(self, name: str, final: Any) -> Any:
        mine = self.arguments[name]
        return copy.deepcopy(mine) if canonical(mine) == canonical(final) else final


def bound_call(
    signature: inspect.Signature,
    args: tuple[Any, ...],
    kwargs: Mapping[str, Any],
    *,
    not_sent: Collection[str],
) -> BoundCall:
    """
    :raises TypeError: the function cannot be called so
    :raises UnsendableValue: an argument has no exact JSON form
    """
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    sent = {name: value for name, value in bound.arguments.items() if name not in not_sent}
    for name, value in sent.items():
        try:
            canonical({name: value})
        except UnsendableValue as unsendable:
            raise UnsendableValue(
                f"{unsendable.detail} A person can only approve what JSON can show: pass plain "
                f"values, or leave {name!r} out of what is approved by not_sent=[{name!r}].",
                code=unsendable.code,
            ) from unsendable
    withheld = {name: value for name, value in bound.arguments.items() if name in not_sent}
    return BoundCall(signature, copy.deepcopy(sent), withheld)


def signature_of(function: Callable[..., Any], *, not_sent: Collection[str]) -> inspect.Signature:
    """
    :raises TypeError: calls of this function cannot be approved
    """
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        raise TypeError("A generator acts only while it is read: decorate what its items do.")
    signature = inspect.signature(function)
    if unknown := set(not_sent) - signature.parameters.keys():
        raise TypeError(f"not_sent names no parameter: {sorted(unknown)[0]!r}.")
    return signature


def _called_with(signature: inspect.Signature, values: Mapping[str, Any]) -> inspect.BoundArguments:
    for name, parameter in signature.parameters.items():
        kind = _CONTAINERS.get(parameter.kind)
        if kind and name in values and not isinstance(values[name], _PYTHON_TYPES[kind]):
            raise TypeError(f"{name!r} is not an {kind}")
    meant = _complete(signature, values)
    # A name that stands twice, in `**kwargs` too, would mean something else once called.
    bound = signature.bind(*meant.args, **meant.kwargs)
    if _complete(signature, bound.arguments).arguments != meant.arguments:
        raise TypeError("a parameter is given twice")
    return bound


def _complete(signature: inspect.Signature, values: Mapping[str, Any]) -> inspect.BoundArguments:
    given = {name: values[name] for name in signature.parameters if name in values}
    for name, parameter in signature.parameters.items():
        if parameter.kind is parameter.VAR_POSITIONAL and name in given:
            given[name] = tuple(given[name])
    bound = inspect.BoundArguments(signature, OrderedDict(given))
    bound.apply_defaults()
    return bound


def _schema_of(parameter: inspect.Parameter, value: Any) -> dict[str, Any]:
    if parameter.kind in _CONTAINERS:
        return {"type": _CONTAINERS[parameter.kind]}
    annotation = parameter.annotation
    kind = _TYPES.get(getattr(annotation, "__name__", annotation))
    if kind is None or not isinstance(value, _PYTHON_TYPES[kind]):
        return {}
    return {} if isinstance(value, bool) and kind != "boolean" else {"type": kind}
