"""Derives the columns of a query from the type of its rows, so that each field is named in one place."""

import inspect
from typing import Any

from sqlalchemy import ColumnElement
from sqlalchemy.orm import InstrumentedAttribute

from showcase.database.tables import Base

Column = ColumnElement[Any] | InstrumentedAttribute[Any]


def columns_of(row_type: type, *tables: type[Base], **others: Column | None) -> list[Column]:
    """The columns that fill ``row_type``, in the order of its fields.

    A field takes the column of its name, from the first table that has one. ``others`` are the fields that come from
    something else: another column or an expression, or None for a field that is not selected.
    """
    columns: list[Column | None] = []
    for field in inspect.get_annotations(row_type):
        if field in others:
            columns.append(others[field])
        else:
            columns.append(next(getattr(table, field) for table in tables if hasattr(table, field)))
    return [column for column in columns if column is not None]
