"""The addresses of the links of direct uploads.

tests/service/resources/test_direct_upload_on_ministack.py tests what the links allow.
"""

import pytest

from showcase.aws import Aws
from showcase.uploads.direct_uploads import Part
from showcase.uploads.inbox import Inbox

pytestmark = pytest.mark.usefixtures("aws_credentials")


@pytest.mark.parametrize("region", ["sa-east-1", "eu-west-1"])
def test_links_have_the_endpoint_of_the_region(region: str) -> None:
    """The global endpoint redirects, and a redirected upload fails."""
    inbox = Inbox(Aws(region), "anb-videos")
    host = f"https://anb-videos.s3.{region}.amazonaws.com/"
    assert inbox.form("inbox/1", 1000, seconds=60).url == host
    assert inbox.part_link("inbox/1", "multipart", Part(1, 1000), seconds=60).startswith(f"{host}inbox/1?")
