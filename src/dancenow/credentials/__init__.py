"""Content Credentials (C2PA): a signed statement in a video that it is synthetic."""

from dancenow.credentials.claim import Claim, Made, Origin
from dancenow.credentials.reading import Credentials, read_credentials
from dancenow.credentials.signing import SIGNABLE, sign

__all__ = ["SIGNABLE", "Claim", "Credentials", "Made", "Origin", "read_credentials", "sign"]
