"""``python -m tests.faults.microburst_process``: microburst with a correction: HEAD tells the size of an object.

microburst 0.10 streams every answer without its Content-Length. So the answer to a HEAD lacks the size.
"""

import sys
from typing import Any

from aiohttp import web
from microburst import forward
from microburst.cli import main

_stream = forward._stream_to_client


async def _stream_with_the_length_of_a_head(request: web.Request, status: int, headers: Any, *rest: Any) -> Any:
    if request.method != "HEAD":
        return await _stream(request, status, headers, *rest)
    kept = {name: value for name, value in headers.items() if name.lower() not in forward.HOP_BY_HOP}
    response = web.StreamResponse(status=status, headers=kept | {"Content-Length": headers["content-length"]})
    await response.prepare(request)
    await response.write_eof()
    return response


if __name__ == "__main__":
    forward._stream_to_client = _stream_with_the_length_of_a_head
    sys.exit(main())
