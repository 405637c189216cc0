"""Settings of the HTTP API. showcase/settings.py reads them."""

from ipaddress import ip_address
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from showcase.rates import Limit, read_limit
from showcase.settings import MIB, ServedSettings
from telemetry.settings import TelemetrySettings

TrustedProxy = Annotated[str, AfterValidator(lambda text: text if text == "*" else str(ip_address(text)))]
RequestLimit = Annotated[
    Limit | None, NoDecode, BeforeValidator(lambda value: read_limit(value) if isinstance(value, str) else value)
]
Origins = Annotated[str, Field(pattern=r"^(\*|https?://[^/\s,]+(,https?://[^/\s,]+)*)$")]


class ApiSettings(ServedSettings, TelemetrySettings):
    """The settings that only the HTTP API needs."""

    jwt_secret: SecretStr = Field(
        validation_alias="ANB_JWT_SECRET",
        min_length=32,
        description="Secret that signs the access tokens: at least 32 characters, from the secret store.",
    )
    jwt_secret_previous: SecretStr | None = Field(
        None,
        validation_alias="ANB_JWT_SECRET_PREVIOUS",
        min_length=32,
        description="Second secret, whose tokens are accepted but which signs none. Needed while the secret is "
        "replaced.",
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
        description="Requests handled at the same time. Each upload in progress takes one thread, and about 10 MB.",
    )
    connections_max: int = Field(
        400,
        validation_alias="ANB_API_CONNECTIONS_MAX",
        ge=4,
        le=10_000,
        description="Open connections; further ones wait in the backlog. Each takes one or two file descriptors.",
    )
    connections_per_address_max: int = Field(
        100,
        validation_alias="ANB_API_CONNECTIONS_PER_ADDRESS_MAX",
        ge=0,
        description="Open connections of one address, except the trusted proxy; 0: no limit.",
    )
    header_bytes_max: int = Field(
        32 * 1024,
        validation_alias="ANB_API_HEADER_BYTES_MAX",
        ge=1024,
        description="Largest size of the request line and all headers together.",
    )
    head_seconds: float = Field(
        30.0,
        validation_alias="ANB_API_HEAD_SECONDS",
        gt=0,
        description="Longest time from the first byte of a request to the end of its headers.",
    )
    body_seconds: float = Field(
        900.0,
        validation_alias="ANB_API_BODY_SECONDS",
        gt=0,
        description="Longest time from the headers to the end of the body. 100 MB take 800 s at 1 Mbit/s.",
    )
    body_grace_seconds: float = Field(
        30.0,
        validation_alias="ANB_API_BODY_GRACE_SECONDS",
        ge=0,
        description="Time in which a body may be slow. Afterwards its average speed counts.",
    )
    body_bytes_per_second_min: int = Field(
        8192,
        validation_alias="ANB_API_BODY_BYTES_PER_SECOND_MIN",
        ge=0,
        description="Lowest average speed of a body after the grace.",
    )
    idle_seconds: float = Field(
        75.0,
        validation_alias="ANB_API_IDLE_SECONDS",
        gt=0,
        description="How long a connection stays open between requests; longer than the balancer's idle timeout.",
    )
    disk_free_bytes_min: int = Field(
        512 * MIB,
        validation_alias="ANB_DISK_FREE_BYTES_MIN",
        ge=0,
        description="An upload is refused if it could leave less than this free where temporary files are kept.",
    )
    lame_duck_seconds: float = Field(
        0.0,
        validation_alias="ANB_API_LAME_DUCK_SECONDS",
        ge=0,
        description="After SIGTERM: how long readiness fails and the API still serves, until the balancer sends no "
        "more requests.",
    )
    drain_seconds: float = Field(
        60.0,
        validation_alias="ANB_API_DRAIN_SECONDS",
        ge=0,
        description="After that: how long running requests may take to end. The service manager must wait longer "
        "than both.",
    )
    trusted_proxy: TrustedProxy | None = Field(
        None,
        validation_alias="ANB_TRUSTED_PROXY",
        description="Proxy whose X-Forwarded-For and -Proto are believed: an address, or * if only the proxy can "
        "reach the API.",
    )
    trusted_proxy_hops: int = Field(
        1,
        validation_alias="ANB_TRUSTED_PROXY_HOPS",
        ge=1,
        le=10,
        description="Number of proxies in front of the API. Only that many last addresses of X-Forwarded-For count.",
    )
    upload_bytes_max: int = Field(
        100 * MIB, validation_alias="ANB_UPLOAD_BYTES_MAX", ge=1, description="Largest clip accepted, in bytes."
    )
    link_seconds: int = Field(
        900,
        validation_alias="ANB_LINK_SECONDS",
        ge=10,
        le=43_200,
        description="Life of a presigned link. A link that is handed out again may have half of it left.",
    )
    direct_upload_seconds: int = Field(
        21_600,
        validation_alias="ANB_DIRECT_UPLOAD_SECONDS",
        ge=60,
        le=604_800,
        description="Life of a direct upload, from its opening to its completion. Its links can be renewed meanwhile.",
    )
    own_vote_allowed: bool = Field(
        True, validation_alias="ANB_OWN_VOTE_ALLOWED", description="Whether players may vote for their own video."
    )
    cors_origins: Origins | None = Field(
        None,
        validation_alias="ANB_CORS_ORIGINS",
        description="Origins whose web pages may call the API: https://a.example,https://b.example, or *.",
    )

    # 10/60 allows ten requests at once, and ten more in each 60 seconds, for all instances together; off: no limit.
    # An address often belongs to a school or a whole mobile network, so the limits on addresses only stop floods.
    limit_login_account: RequestLimit = Field(
        Limit(10, 60),
        validation_alias="ANB_LIMIT_LOGIN_ACCOUNT",
        description="Log-ins with one e-mail, right or wrong. Slows down the guessing of passwords.",
    )
    limit_login_address: RequestLimit = Field(
        Limit(300, 60),
        validation_alias="ANB_LIMIT_LOGIN_ADDRESS",
        description="Log-ins from one address. They take only a small share of the hashing capacity.",
    )
    limit_signup_account: RequestLimit = Field(
        Limit(10, 60),
        validation_alias="ANB_LIMIT_SIGNUP_ACCOUNT",
        description="Sign-ups with one e-mail. Each costs a hash, and reveals whether the e-mail is taken.",
    )
    limit_signup_address: RequestLimit = Field(
        Limit(200, 60),
        validation_alias="ANB_LIMIT_SIGNUP_ADDRESS",
        description="Sign-ups from one address. Each new account can vote.",
    )
    limit_vote_account: RequestLimit = Field(
        Limit(60, 60),
        validation_alias="ANB_LIMIT_VOTE_ACCOUNT",
        description="Votes of one player, accepted or refused.",
    )
    limit_vote_address: RequestLimit = Field(
        Limit(1200, 60),
        validation_alias="ANB_LIMIT_VOTE_ADDRESS",
        description="Votes from one address.",
    )
