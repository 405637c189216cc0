"""EMF documents for tests: valid documents, nearly valid documents, and arbitrary text."""

import json
from typing import Any

from hypothesis import strategies as st

TIMESTAMP_MS = 1_700_000_000_000

Json = dict[str, Any]


def directive(**members: Any) -> Json:
    """A directive with one metric, Latency, and one dimension, Service."""
    metrics = [{"Name": "Latency", "Unit": "Milliseconds"}]
    return {"Namespace": "Shop", "Dimensions": [["Service"]], "Metrics": metrics} | members


def document(*directives: Any, **members: Any) -> Json:
    """A valid document (with one directive if none is given), with ``members`` added or replaced."""
    metadata = {"Timestamp": TIMESTAMP_MS, "CloudWatchMetrics": list(directives) or [directive()]}
    return {"_aws": metadata, "Service": "api", "Latency": 12.5} | members


def without(root: Json, name: str) -> Json:
    return {key: value for key, value in root.items() if key != name}


GOOD = json.dumps(document())
METADATA = json.dumps([directive()])
OTHER_METADATA = json.dumps([directive(Namespace="Other")])

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def or_anything(good: Any) -> st.SearchStrategy[Any]:
    """A strategy that mostly gives the good value, and sometimes any JSON."""
    return st.one_of(st.just(good), st.just(good), st.just(good), json_values)


nearly_documents = st.fixed_dictionaries(
    {
        "_aws": st.fixed_dictionaries(
            {
                "Timestamp": or_anything(TIMESTAMP_MS),
                "CloudWatchMetrics": st.lists(
                    st.fixed_dictionaries(
                        {
                            "Namespace": or_anything("Shop"),
                            "Dimensions": or_anything([["Service"]]) | st.lists(st.lists(json_values, max_size=3)),
                            "Metrics": or_anything([{"Name": "Latency"}])
                            | st.lists(
                                st.fixed_dictionaries(
                                    {"Name": or_anything("Latency")},
                                    optional={"Unit": json_values, "StorageResolution": json_values},
                                ),
                                max_size=3,
                            ),
                        }
                    )
                    | json_values,
                    max_size=3,
                ),
            }
        )
        | json_values,
        "Service": or_anything("api"),
        "Latency": or_anything(1),
    }
)

any_text = st.text(st.characters(codec=None, categories=None), max_size=200)

FRAGMENTS = (
    *("NaN", "-Infinity", "1e999", "-", "0", "true", "null", "\\", '"', ",", ":", "{", "}", "[", "]", " ", "\n"),
    *("\x0b", "á", "\ud800", METADATA, OTHER_METADATA, "[]", "{}", '"_aws"', '"CloudWatchMetrics"', GOOD),
    *('"Latency": 1, ', '"CloudWatchMetrics": [], ', f'"CloudWatchMetrics": {METADATA}, ', '"Service": 5, '),
)


@st.composite
def mutated_lines(draw: st.DrawFn) -> str:
    """A strategy for lines: a document without some of its text, and with inserted fragments."""
    compact = draw(st.booleans())
    root = draw(st.one_of(st.just(document()), nearly_documents))
    line = json.dumps(root, separators=(",", ":") if compact else None, ensure_ascii=draw(st.booleans()))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(line)))
        cut = draw(st.sampled_from((0, 0, 1, 2, 10)))
        line = line[:start] + draw(st.sampled_from(("", *FRAGMENTS))) + line[start + cut :]
    return line
