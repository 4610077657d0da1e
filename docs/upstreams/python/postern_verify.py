"""Who the gateway says is asking: pip install 'PyJWT[crypto]>=2.15'"""
import os

import jwt

ISSUER = os.environ["POSTERN_ISSUER"]  # https://play.example.com/auth
AUDIENCE = os.environ["POSTERN_AUDIENCE"]  # the name of this upstream
JWKS = os.environ.get("POSTERN_JWKS", f"{ISSUER}/.well-known/jwks.json")
KEYS = jwt.PyJWKClient(JWKS, lifespan=600, cooldown_duration=60, timeout=5)


def verify(assertion: str) -> dict:
    """The claims of the player; raises jwt.PyJWTError for everything that is not to be believed."""
    return jwt.decode(
        assertion,
        KEYS.get_signing_key_from_jwt(assertion),
        algorithms=["ES256", "EdDSA"],
        issuer=ISSUER,
        audience=AUDIENCE,
        leeway=10,
        options={"require": ["iss", "aud", "sub", "iat", "exp"]},
    )
