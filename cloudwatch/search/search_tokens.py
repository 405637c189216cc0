"""The tokens that CloudWatch makes of names, and partial matches between them.

The guide: tokens begin at capital letters ("SDBFailure" has "sdb" and "failure") and at digits, and end at every other
character. One token matches in any capitals: "COUNT" finds "CustomCount1". Several tokens match one after the other,
and with their capitals: "CustomCount" does, "customcount" does not. But "network/errors" finds "NetworkErrors2". So
capitals do not matter if the term itself separates its tokens.
"""

import re

_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_A-Za-z]+")


def name_tokens(name: str) -> list[str]:
    """``Project2-trial333`` → ``Project``, ``2``, ``trial``, ``333``."""
    return _TOKEN.findall(name)


def matches_partly(term: str, name: str) -> bool:
    """Whether the term, which is not in quotation marks, finds a name. A term without tokens finds nothing."""
    wanted, found = name_tokens(term), name_tokens(name)
    if not wanted or term.lower() == "".join(found).lower():  # the whole name is also a token
        return bool(wanted)
    if len(wanted) == 1 or not term.isalnum():
        wanted, found = [token.lower() for token in wanted], [token.lower() for token in found]
    return any(found[start : start + len(wanted)] == wanted for start in range(len(found)))
