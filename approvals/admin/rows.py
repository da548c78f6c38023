"""Lists of small records as rows of typed inputs, instead of JSON to be typed by hand."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from approvals.rules.policy_problems import Problem

SPARE_ROWS = 2
MOST_ROWS = 500
_CELL = re.compile(r"(?P<field>[\w.]+)\[(?P<row>\d+)\]\.(?P<column>\w+)")


class Typed(list[dict[str, str]]):
    """Rows as they came from the page: text, empty rows among them."""


@dataclass(frozen=True)
class Column:
    """One key of every record. What is left empty and need not be filled is left out."""

    name: str
    label: str
    field: forms.Field
    # Of the row's width, in twelfths.
    width: int = 3

    def is_untouched(self, typed: str) -> bool:
        """Whether this is what a cell sends that nobody filled in: a choice sends its first."""
        choices = getattr(self.field, "choices", ())
        first = str(next(iter(choices))[0]) if choices else ""
        return typed.strip() in ("", first)


class RowsWidget(forms.Widget):
    """A table of inputs with spare rows at its end; a script may add more."""

    use_fieldset = True

    class Media:
        js = (forms.Script("js/rows.js", defer=True),)

    def __init__(self, columns: Sequence[Column], *, is_single: bool = False) -> None:
        super().__init__()
        self.columns = columns
        self.is_single = is_single
        # What is wrong with one cell: (place among the typed rows, column) → words.
        self.mistakes: dict[tuple[int, str], str] = {}

    def value_from_datadict(self, data: Mapping[str, Any], files: Any, name: str) -> Typed:
        count = data.get(f"{name}-rows", "0")
        most = min(int(count), MOST_ROWS) if re.fullmatch("[0-9]{1,6}", str(count)) else 0
        return Typed(
            {column.name: data.get(_cell(name, place, column), "") for column in self.columns}
            for place in range(most)
        )

    def value_omitted_from_data(self, data: Mapping[str, Any], files: Any, name: str) -> bool:
        return f"{name}-rows" not in data

    def id_for_label(self, id_: str) -> str:
        return ""  # It stands for the whole table, which no label can point to.

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        is_typed = isinstance(value, Typed)
        rows = list(value or [])
        if self.is_single:
            rows = rows or [{}]
        else:
            rows += [{}] * max(SPARE_ROWS - _blank_at_the_end(rows, self.columns), 0)
        context = {
            "name": name,
            "columns": self.columns,
            "is_single": self.is_single,
            "rows": [
                [self._shown(name, place, row, column, is_typed) for column in self.columns]
                for place, row in enumerate(rows)
            ],
        }
        return SafeString(render_to_string("admin/approvals/widgets/rows.html", context))

    def _shown(
        self, name: str, place: int, row: Mapping[str, Any], column: Column, is_typed: bool
    ) -> dict[str, Any]:
        cell = _cell(name, place, column)
        wrong = self.mistakes.get((place, column.name), "")
        attrs = {"id": f"id_{cell}", "aria-label": self._label(column, place)}
        if wrong:
            attrs |= {"aria-invalid": "true", "aria-describedby": f"id_{cell}_wrong"}
        widget = column.field.widget
        shown = row.get(column.name, "")
        if column.name in row and not is_typed:
            shown = column.field.prepare_value(shown)
        return {
            "column": column,
            "input": widget.render(cell, shown, attrs),
            "wrong": wrong,
            "wrong_id": f"id_{cell}_wrong",
        }

    def _label(self, column: Column, place: int) -> str:
        return column.label if self.is_single else f"{column.label}, row {place + 1}"


class RowsField(forms.Field):
    """
    A list of records. Rows that are wholly empty are left out.

    Cleans to a list of dicts with the columns' names; what is wrong is said at its cell.
    """

    widget: RowsWidget

    def __init__(self, columns: Sequence[Column], **kwargs: Any) -> None:
        # The admin builds a model's fields, and JSON fields bring these along.
        for unknown in ("encoder", "decoder"):
            kwargs.pop(unknown, None)
        super().__init__(**{"required": False, "widget": RowsWidget(columns), **kwargs})
        self.columns = columns
        # Where each cleaned row stood among the typed ones.
        self._places: list[int] = []

    def clean(self, value: Any) -> list[dict[str, Any]]:
        self._places, self.widget.mistakes = [], {}
        records = []
        for place, row in enumerate(value or []):
            if not _is_blank(row, self.columns):
                records.append(self._record(place, row))
                self._places.append(place)
        if self.widget.mistakes:
            raise forms.ValidationError([self._told(*at) for at in self.widget.mistakes])
        return records

    def blame(self, number: int, column: str, words: str) -> None:
        """Say what is wrong with a cleaned record, at its cell."""
        if number < len(self._places):
            self.widget.mistakes[self._places[number], column] = words

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool(self.clean(data) != (initial or self.clean([])))
        except forms.ValidationError:
            return True

    def prepare_value(self, value: Any) -> Any:
        return value if isinstance(value, list) else []

    def bound_data(self, data: Any, initial: Any) -> Any:
        return initial if self.disabled else data

    def _told(self, place: int, column: str) -> str:
        label = next(each.label for each in self.columns if each.name == column)
        words = f"{label}: {self.widget.mistakes[place, column]}"
        return words if self.widget.is_single else f"Row {place + 1}, {words}"

    def _record(self, place: int, row: Mapping[str, str]) -> dict[str, Any]:
        record = {}
        for column in self.columns:
            try:
                value = column.field.clean(row[column.name])
            except forms.ValidationError as error:
                self.widget.mistakes[place, column.name] = " ".join(error.messages)
                continue
            if row[column.name].strip():
                record[column.name] = value
        return record


class RecordField(RowsField):
    """One record, as a single row. Cleans to a dict of what was filled in."""

    def __init__(self, columns: Sequence[Column], **kwargs: Any) -> None:
        super().__init__(columns, **{"widget": RowsWidget(columns, is_single=True), **kwargs})

    def clean(self, value: Any) -> Any:
        records = super().clean(value)
        return records[0] if records else {}

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value([value] if isinstance(value, dict) else value)


def blame(
    form: forms.ModelForm, problem: Problem, *, places: Mapping[str, str] | None = None
) -> None:
    """
    Say what is wrong where it was typed: at the cell, at the field, or on top.

    :param places: the form's fields for parts of a policy that it calls otherwise
    """
    places = places or {}
    cell = _CELL.match(problem.field)
    part = cell["field"] if cell else problem.field
    name = places.get(part) or places.get(problem.root) or problem.root
    if name not in form.fields:
        form.add_error(None, str(problem))
        return
    field = form.fields[name]
    if cell and isinstance(field, RowsField):
        field.blame(int(cell["row"]), cell["column"], problem.detail)
        form.add_error(name, f"Row {int(cell['row']) + 1}, {cell['column']}: {problem.detail}")
        return
    form.add_error(name, str(problem))


def _cell(name: str, place: int, column: Column) -> str:
    return f"{name}-{place}-{column.name}"


def _is_blank(row: Mapping[str, Any], columns: Sequence[Column]) -> bool:
    return all(column.is_untouched(str(row.get(column.name, ""))) for column in columns)


def _blank_at_the_end(rows: Sequence[Mapping[str, Any]], columns: Sequence[Column]) -> int:
    filled = (place for place, row in enumerate(reversed(rows)) if not _is_blank(row, columns))
    return next(filled, len(rows))
