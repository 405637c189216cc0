"""Settings of the HTTP API. See showcase/settings.py for how they are read."""

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from showcase.rates import Limit, read_limit
from showcase.settings import MIB, ServedSettings
from telemetry.settings import TelemetrySettings


def _address_or_everybody(text: str) -> str:
    return text if text == "*" else str(ip_address(text))


def _request_limit(value: object) -> object:
    return read_limit(value) if isinstance(value, str) else value


TrustedProxy = Annotated[str, AfterValidator(_address_or_everybody)]
RequestLimit = Annotated[Limit | None, NoDecode, BeforeValidator(_request_limit)]
Origins = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s,]+(,https?://[^/\s,]+)*)$")]


class ApiSettings(ServedSettings, TelemetrySettings):
    """What only the HTTP API needs."""

    jwt_secret: SecretStr = Field(
        validation_alias="ANB_JWT_SECRET",
        min_length=32,
        description="Signs the access tokens; at least 32 characters, from the secret store.",
    )
    jwt_secret_previous: SecretStr | None = Field(
        None,
        validation_alias="ANB_JWT_SECRET_PREVIOUS",
        min_length=32,
        description="Still accepted, never used to sign: the other secret while one is being replaced.",
    )
    token_seconds: int = Field(
        3600, validation_alias="ANB_TOKEN_SECONDS", ge=60, description="Life of an access token."
    )
    host: str = Field("127.0.0.1", validation_alias="ANB_API_HOST", description="Address to listen on.")
    port: int = Field(
        8080, validation_alias="ANB_API_PORT", ge=0, le=65_535, description="Port to listen on; 0 takes a free one."
    )
    threads: int = Field(
        8,
        validation_alias="ANB_API_THREADS",
        ge=1,
        le=64,
        description="Requests handled at once. Each upload in progress holds one, and about 10 MB.",
    )
    connections_max: int = Field(
        400,
        validation_alias="ANB_API_CONNECTIONS_MAX",
        ge=4,
        le=10_000,
        description="Connections open at once; more wait in the backlog. Each takes one or two file descriptors.",
    )
    connections_per_address_max: int = Field(
        100,
        validation_alias="ANB_API_CONNECTIONS_PER_ADDRESS_MAX",
        ge=0,
        description="Connections of one peer, but never of the trusted proxy; 0: no limit.",
    )
    header_bytes_max: int = Field(
        32 * 1024,
        validation_alias="ANB_API_HEADER_BYTES_MAX",
        ge=1024,
        description="Request line and headers together.",
    )
    head_seconds: float = Field(
        30.0,
        validation_alias="ANB_API_HEAD_SECONDS",
        gt=0,
        description="From the first byte of a request to the end of its headers, however it drips.",
    )
    body_seconds: float = Field(
        900.0,
        validation_alias="ANB_API_BODY_SECONDS",
        gt=0,
        description="From the headers to the end of the body: 100 MB take 800 s at 1 Mbit/s.",
    )
    body_grace_seconds: float = Field(
        30.0,
        validation_alias="ANB_API_BODY_GRACE_SECONDS",
        ge=0,
        description="A body may be as slow as it likes for so long; then its average counts.",
    )
    body_bytes_per_second_min: int = Field(
        8192,
        validation_alias="ANB_API_BODY_BYTES_PER_SECOND_MIN",
        ge=0,
        description="Slowest body on average after the grace.",
    )
    idle_seconds: float = Field(
        75.0,
        validation_alias="ANB_API_IDLE_SECONDS",
        gt=0,
        description="How long a connection is kept between requests; longer than the balancer's idle timeout.",
    )
    disk_free_bytes_min: int = Field(
        512 * MIB,
        validation_alias="ANB_DISK_FREE_BYTES_MIN",
        ge=0,
        description="No upload begins when the folder of temporary files could end up with less than this free.",
    )
    lame_duck_seconds: float = Field(
        0.0,
        validation_alias="ANB_API_LAME_DUCK_SECONDS",
        ge=0,
        description="After SIGTERM: fail readiness and serve on so long, until the balancer has noticed.",
    )
    drain_seconds: float = Field(
        60.0,
        validation_alias="ANB_API_DRAIN_SECONDS",
        ge=0,
        description="How long requests in flight may go on after that. The service manager must wait longer than both.",
    )
    trusted_proxy: TrustedProxy | None = Field(
        None,
        validation_alias="ANB_TRUSTED_PROXY",
        description="Peer whose X-Forwarded-For and -Proto are believed: an address, or * if only it can reach us.",
    )
    trusted_proxy_hops: int = Field(
        1,
        validation_alias="ANB_TRUSTED_PROXY_HOPS",
        ge=1,
        le=10,
        description="Proxies in a row before us: only so many last addresses of X-Forwarded-For count.",
    )
    upload_bytes_max: int = Field(
        100 * MIB, validation_alias="ANB_UPLOAD_BYTES_MAX", ge=1, description="Largest clip accepted, in bytes."
    )
    link_seconds: int = Field(
        900,
        validation_alias="ANB_LINK_SECONDS",
        ge=10,
        le=43_200,
        description="Life of a presigned link; one that was shown before may have half of it left.",
    )
    direct_upload_seconds: int = Field(
        21_600,
        validation_alias="ANB_DIRECT_UPLOAD_SECONDS",
        ge=60,
        le=604_800,
        description="Life of a direct upload, from its opening to its completion; its links are renewed meanwhile.",
    )
    own_vote_allowed: bool = Field(
        True, validation_alias="ANB_OWN_VOTE_ALLOWED", description="May players vote for their own video?"
    )
    cors_origins: Origins | None = Field(
        None,
        validation_alias="ANB_CORS_ORIGINS",
        description="Web pages of these origins may call the API: https://a.example,https://b.example, or *.",
    )

    # Requests at once, and again in each so many seconds, for all instances together; off: no limit.
    # An address is often a school or a whole mobile network: its limits only stop floods.
    limit_login_account: RequestLimit = Field(
        Limit(10, 60),
        validation_alias="ANB_LIMIT_LOGIN_ACCOUNT",
        description="Log-ins for one e-mail, right or wrong: slows down who guesses a password.",
    )
    limit_login_address: RequestLimit = Field(
        Limit(300, 60),
        validation_alias="ANB_LIMIT_LOGIN_ADDRESS",
        description="Log-ins from one address: what a small share of the hashing can bear.",
    )
    limit_signup_account: RequestLimit = Field(
        Limit(10, 60),
        validation_alias="ANB_LIMIT_SIGNUP_ACCOUNT",
        description="Sign-ups with one e-mail: each costs a hash, and says whether the e-mail is taken.",
    )
    limit_signup_address: RequestLimit = Field(
        Limit(200, 60),
        validation_alias="ANB_LIMIT_SIGNUP_ADDRESS",
        description="Sign-ups from one address: accounts are votes.",
    )
    limit_vote_account: RequestLimit = Field(
        Limit(60, 60),
        validation_alias="ANB_LIMIT_VOTE_ACCOUNT",
        description="Votes of one player, counted or not.",
    )
    limit_vote_address: RequestLimit = Field(
        Limit(1200, 60),
        validation_alias="ANB_LIMIT_VOTE_ADDRESS",
        description="Votes from one address.",
    )
