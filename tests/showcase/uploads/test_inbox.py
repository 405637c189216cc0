"""Where the links of direct uploads lead.

What they allow: tests/service/resources/test_direct_upload_on_ministack.py.
"""

import pytest

from showcase.aws import Aws
from showcase.uploads.direct_uploads import Part
from showcase.uploads.inbox import Inbox

pytestmark = pytest.mark.usefixtures("aws_credentials")


@pytest.mark.parametrize("region", ["sa-east-1", "eu-west-1"])
def test_links_lead_to_the_storage_of_the_region(region: str) -> None:
    """The global endpoint redirects, and a redirected upload is lost."""
    inbox = Inbox(Aws(region), "anb-videos")
    host = f"https://anb-videos.s3.{region}.amazonaws.com/"
    assert inbox.form("inbox/1", 1000, seconds=60).url == host
    assert inbox.part_link("inbox/1", "multipart", Part(1, 1000), seconds=60).startswith(f"{host}inbox/1?")
