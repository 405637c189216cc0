"""Searches: schema and terms are read, a fault is refused at its character (§), and metrics are found as AWS says."""

import pytest

from cloudwatch.metric import MetricId
from cloudwatch.search import Match, SearchQuery, SearchRefused, parse_search
from cloudwatch.search.search_tokens import matches_partly


def test_a_schema_and_a_term_are_read_with_their_positions() -> None:
    query = parse_search(' {AWS/EC2, "Instance Id"} MetricName="CPUUtilization" ')
    assert query == SearchQuery("AWS/EC2", ("Instance Id",), Match("CPUUtilization", exact=True, where="MetricName"))
    (match,) = query.matches
    assert match.position == 37


@pytest.mark.parametrize(
    "text",
    [
        '{MyNamespace}, "CustomCount1" ',
        '"CPUUtilization"',
        "NOT Namespace=AWS",
        '{AWS/EC2,InstanceId} MetricName="CPUUtilization" NOT "ProjectA" NOT "ProjectB"',
        "(EC2 OR EBS) AND MetricName=ReadOps",
        '{AWS/Lambda,FunctionName} MetricName="Errors" OR (MetricName="Invocations" AND (ProjectA OR ProjectB))',
        '{AWS/Lambda,FunctionName} FunctionName=("a" OR "b") MetricName=("Errors" OR "Throttles")',
        '"Europe\\\\France Traffic\\(Network\\)"',
        '{AWS/EC2,InstanceId} :aws.AccountId="123456789012"',
        '{AWS/EC2,InstanceId} MetricName=\\"CPUUtilization\\"',
    ],
)
def test_a_search_of_the_guide_is_read(text: str) -> None:
    assert parse_search(text)


@pytest.mark.parametrize(
    ("marked", "reason"),
    [
        ("§", "a schema in braces, a term, or both"),
        ("§{AWS/EC2,InstanceId", "never closed"),
        ("{AWS/EC2,InstanceId §CPU", "',' or '}'"),
        ("{AWS/EC2,§} CPU", "the name of a dimension"),
        ("{§} CPU", "a namespace"),
        ('{AWS/EC2} §"CPU', "a quotation mark is missing"),
        ("CPU AND§", "where a term is expected"),
        ("§OR CPU", "where a term is expected"),
        ("§(CPU OR disk", "never closed"),
        ("CPU§)", "it closes nothing"),
        ("MetricName=§", "the value of MetricName"),
        ("a=b§=c", "cannot stand here"),
    ],
)
def test_a_fault_is_refused_at_its_character(marked: str, reason: str) -> None:
    with pytest.raises(SearchRefused) as caught:
        parse_search(marked.replace("§", ""))
    assert caught.value.position == marked.index("§")
    assert reason in caught.value.reason


def test_a_search_has_at_most_1024_characters_and_any_nesting_ends() -> None:
    for text in ("x" * 1025, "(" * 500):
        with pytest.raises(SearchRefused):
            parse_search(text)


# The examples of the guide.
@pytest.mark.parametrize(
    ("term", "name", "found"),
    [
        *((term, "CustomCount1", True) for term in ("count", "Count", "COUNT", "CustomCount", "Count1", "1")),
        *((term, "CustomCount1", False) for term in ("couNT", "customcount", "count1", "ount")),
        *((term, "Network-Errors-2", True) for term in ("network/errors", "network+errors", "Network_Errors")),
        *((term, "NetworkErrors2", True) for term in ("network/errors", "network-errors")),
        ("failure", "SDBFailure", True),
        ("sdb", "SDBFailure", True),
        ("333", "Project2-trial333", True),
        ("---", "a-b", False),
    ],
)
def test_a_word_finds_the_tokens_of_a_name(term: str, name: str, *, found: bool) -> None:
    assert matches_partly(term, name) is found


ERRORS = MetricId.of("Shop", "ServerErrors", {"Service": "api", "Route": "GET /a"})


@pytest.mark.parametrize(
    ("text", "finds"),
    [
        ('{Shop,Service,Route} MetricName="ServerErrors"', True),
        ("{Shop,Route,Service}", True),
        ('{Shop,Service} MetricName="ServerErrors"', False),
        ("{Shop} errors", True),
        ('{Shop} MetricName="serverErrors"', False),
        ("{Shop} MetricName=api", False),
        ("Service=api Namespace=shop", True),
        ('Service="ap"', False),
        ("errors NOT api", False),
        ("latency OR (errors AND api)", True),
        ('Service=("web" OR "api")', True),
        ('errors :aws.AccountId="123456789012"', True),
    ],
)
def test_a_search_finds_metrics_by_schema_words_and_properties(text: str, *, finds: bool) -> None:
    assert parse_search(text).finds(ERRORS) is finds
