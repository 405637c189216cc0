"""Pages of long lists, found along an index.

``OFFSET`` alone fetches every row that it skips, and 50,000 rows take half a second. Here the database walks only the
index up to the first row of the page, and fetches rows from there on.
"""

from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, bindparam, select, tuple_
from sqlalchemy.orm import QueryableAttribute

Q = TypeVar("Q", bound=Select[*tuple[Any, ...]])


def page_downwards(query: Q, order: tuple[QueryableAttribute[Any], ...], condition: ColumnElement[bool]) -> Q:
    """The rows of ``query`` that meet ``condition``, in descending ``order``, as a page.

    ``order`` must be unique. An index must have its columns, after those that ``condition`` compares with ``==``, and
    ``condition`` must use no other column. The statement takes the parameters ``limit`` and ``offset``.
    """
    descending = [column.desc() for column in order]
    first = select(*order).where(condition).order_by(*descending).limit(1).offset(bindparam("offset"))
    return (
        query.where(condition, tuple_(*order) <= first.correlate(None).scalar_subquery())
        .order_by(*descending)
        .limit(bindparam("limit"))
    )
