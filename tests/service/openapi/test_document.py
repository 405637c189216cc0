"""The OpenAPI document and the running API agree."""

import re

import falcon.inspect
import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from service.app import Api, create_app
from service.messages import ERRORS
from service.resources.docs import PAGE
from tests.service.conftest import Contest
from tests.service.promises import Operation, document, faults, operations

NOT_OF_OPERATIONS = {"headers_too_large", "malformed_request", "method_not_allowed", "not_found", "request_timeout",
                     "unexpected"}  # fmt: skip


def test_every_route_is_in_the_document_and_no_other(api: Api) -> None:
    routes = {
        (method.method.lower(), route.path)
        for route in falcon.inspect.inspect_routes(create_app(api))
        for method in route.methods
        if not method.internal and method.method != "HEAD"
    }
    assert {(operation.method, operation.path) for operation in operations()} == routes


def test_every_resource_with_get_also_answers_head(contest: Contest) -> None:
    client = contest.client()
    for operation in operations():
        if operation.method == "get" and not operation.needs_token:
            head, get = client.head(operation.path), client.get(operation.path)
            assert (head.status_code, head.content) == (get.status_code, b""), operation.id
            assert head.headers["Content-Type"] == get.headers["Content-Type"]


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.id)
def test_every_example_fits_its_schema(operation: Operation) -> None:
    bodies = [operation.about.get("requestBody", {}), *operation.about["responses"].values()]
    for media in (media for body in bodies for media in body.get("content", {}).values()):
        for example in media.get("examples", {}).values():
            assert faults(media["schema"], example["value"]) == []


def test_operation_ids_are_unique_and_links_name_existing_ones() -> None:
    ids = [operation.id for operation in operations()]
    assert len(ids) == len(set(ids))
    for operation in operations():
        for answer in operation.about["responses"].values():
            assert {link["operationId"] for link in answer.get("links", {}).values()} <= set(ids)


def test_every_schema_is_valid_and_every_reference_exists() -> None:
    for schema in document()["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)
    for reference in re.findall(r"'\$ref': '#/([^']+)'", str(document())):
        node = document()
        for key in reference.split("/"):
            node = node[key]


def test_every_code_of_the_api_is_in_the_document() -> None:
    promised = {code for operation in operations() for _, code in operation.codes()}
    assert set(ERRORS) - NOT_OF_OPERATIONS <= promised
    assert all(f"`{code}`" in document()["info"]["description"] for code in NOT_OF_OPERATIONS - {"unexpected"})


def test_the_document_is_served_as_it_is(contest: Contest) -> None:
    assert contest.client().get("/api/openapi.json").json() == document()


def test_the_page_fetches_nothing_from_another_host(contest: Contest) -> None:
    client = contest.client()
    page = client.get("/api/docs")
    assert page.headers["Content-Security-Policy"].startswith("default-src 'none'; script-src 'self'")
    assert "'unsafe" not in page.headers["Content-Security-Policy"]
    for path in PAGE.iterdir():
        assert not re.search(r"(https?:)?//[a-z]", path.read_text().replace("// ", "")), path.name
    for address in re.findall(r'(?:href|src)="([^"]+)"', page.text):
        assert client.get(address).status_code == 200, address


def test_the_page_runs_nothing_inline(contest: Contest) -> None:
    text = contest.client().get("/api/docs/").text
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|\sstyle=", text)


def test_browsers_may_cache_the_document_and_no_other_answer(contest: Contest) -> None:
    def kept(path: str) -> httpx.Response:
        return contest.client().get(path)

    assert kept("/api/openapi.json").headers["Cache-Control"] == "public, max-age=300"
    assert kept("/api/public/rankings").headers["Cache-Control"] != "public, max-age=300"
