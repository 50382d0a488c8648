"""Signs the statements of who has signed in (RS256), with one key for the life of the process.

The libraries come with globus-sdk and take a while to load, as does the making of the key: everything here blocks,
belongs in a thread, and happens when first needed.
"""

from __future__ import annotations

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

_KEY_BITS = 2048
_KEY_ID = "demo"
_making = threading.Lock()


def signed(claims: dict[str, Any]) -> str:
    """An id_token of these claims."""
    import jwt

    return jwt.encode(claims, _key(), algorithm="RS256", headers={"kid": _KEY_ID})


def public_keys() -> dict[str, Any]:
    """The key set that verifies the id_tokens."""
    from jwt.algorithms import RSAAlgorithm

    key = RSAAlgorithm.to_jwk(_key().public_key(), as_dict=True)
    return {"keys": [{**key, "alg": "RS256", "use": "sig", "kid": _KEY_ID}]}


def _key() -> RSAPrivateKey:
    with _making:
        return _made_key()


@cache
def _made_key() -> RSAPrivateKey:
    from cryptography.hazmat.primitives.asymmetric import rsa

    return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)
