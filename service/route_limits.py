"""The limits of logins, sign-ups and votes, for each account and for each address.

The address is that of the peer. Behind a trusted load balancer it is the address that the balancer reports.
"""

from dataclasses import dataclass
from typing import Self

from falcon import Request

from service.settings import ApiSettings
from showcase.rate_limits import Draw, RateLimits, network_of
from showcase.rates import Limit


class RouteLimits:
    """The two limits of one kind of request, its ``purpose``. None means no limit."""

    def __init__(self, rate_limits: RateLimits, purpose: str, *, account: Limit | None, address: Limit | None) -> None:
        self._rate_limits = rate_limits
        self._account = f"{purpose} account", account
        self._address = f"{purpose} address", address

    def admit(self, request: Request, account: str) -> None:
        """Count a request of ``account`` (its id or normalised e-mail). Raises TooManyRequests, Unavailable."""
        holders = ((self._account, account), (self._address, network_of(request.remote_addr)))
        self._rate_limits.take(
            *(Draw(purpose, holder, limit) for (purpose, limit), holder in holders if limit is not None)
        )


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """The limits of every route that has limits."""

    login: RouteLimits
    signup: RouteLimits
    vote: RouteLimits

    @classmethod
    def of(cls, settings: ApiSettings, rate_limits: RateLimits) -> Self:
        return cls(
            login=RouteLimits(
                rate_limits, "login", account=settings.limit_login_account, address=settings.limit_login_address
            ),
            signup=RouteLimits(
                rate_limits, "signup", account=settings.limit_signup_account, address=settings.limit_signup_address
            ),
            vote=RouteLimits(
                rate_limits, "vote", account=settings.limit_vote_account, address=settings.limit_vote_address
            ),
        )
