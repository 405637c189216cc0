"""The catalogue declares exactly the routes that the API has, because dashboards use their names."""

import falcon.inspect

from service.app import Api, create_app
from telemetry.catalogue import ROUTES


def test_the_catalogue_declares_every_route_of_the_api_and_no_other(api: Api) -> None:
    found = {
        f"{method.method} {route.path}"
        for route in falcon.inspect.inspect_routes(create_app(api))
        for method in route.methods
        if not method.internal and method.method != "HEAD"
    }
    assert found == set(ROUTES)
