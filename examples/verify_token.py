#!/usr/bin/env python3
"""Verifies an admission token without flashsale: docs/tokens.md in a few lines.

Usage: verify_token.py TOKEN SALE USER NOW_US < KEYS
KEYS: a line for each key, "ID SECRET_IN_HEX"; USER: a UUID; NOW_US: microseconds since 1970.
Prints number and grant.  Exit status 1: no such token, for whatever reason; 2: not called like this.
"""

import base64
import hashlib
import hmac
import struct
import sys
import uuid

DOMAIN = b"flashsale/1/admission/"


def verify(token, keys, sale, user, now_us):
    """(tier, number, grant), or None."""
    try:
        raw = base64.b64decode(token + "=" * (-len(token) % 4), altchars="-_", validate=True)
        if base64.urlsafe_b64encode(raw).rstrip(b"=") != token.encode():
            return None  # a second form of the same bytes
        id_end = 3 + raw[2]
        sale_end = id_end + 1 + raw[id_end]
        secret = keys.get(raw[3:id_end].decode())
        body, signature = raw[:-32], raw[-32:]
        fields = struct.unpack(">16sBQIQQ", body[sale_end:])
    except (ValueError, IndexError, struct.error):
        return None
    if secret is None or len(secret) < 32 or raw[:2] != b"\x01\x01":
        return None
    if not hmac.compare_digest(hmac.digest(secret, DOMAIN + body, hashlib.sha256), signature):
        return None
    of_user, tier, number, grant, not_before, expires_at = fields
    if not not_before <= now_us < expires_at:
        return None
    if raw[id_end + 1:sale_end] != sale.encode() or of_user != user.bytes:
        return None
    return tier, number, grant


def main():
    if len(sys.argv) != 5:
        print(__doc__, file=sys.stderr)
        return 2
    token, sale, user, now_us = sys.argv[1:]
    keys = {key: bytes.fromhex(secret) for key, secret in map(str.split, sys.stdin)}
    admission = verify(token, keys, sale, uuid.UUID(user), int(now_us))
    if admission is None:
        return 1
    print("tier {}, number {}, grant {}".format(*admission))
    return 0


if __name__ == "__main__":
    sys.exit(main())
