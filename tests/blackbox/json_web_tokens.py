"""Signs JSON Web Tokens for the tests, with the keys of a JSON Web Key Set."""
import base64
import hashlib
import hmac
import json
import time

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa, utils


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def number(value, size=None):
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


class Secret:
    algorithm = "HS256"

    def __init__(self, secret="a secret of thirty-two characters", kid=None):
        self.secret, self.kid = secret, kid

    def jwk(self):
        return {"kty": "oct", "kid": self.kid, "k": b64(self.secret.encode())}

    def sign(self, text):
        return hmac.new(self.secret.encode(), text, hashlib.sha256).digest()


class Rsa:
    algorithm = "RS256"

    def __init__(self, kid):
        self.key, self.kid = rsa.generate_private_key(65537, 2048), kid

    def jwk(self):
        public = self.key.public_key().public_numbers()
        return {"kty": "RSA", "kid": self.kid, "use": "sig", "alg": "RS256", "n": number(public.n), "e": number(public.e)}

    def sign(self, text):
        return self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())


class Ec:
    algorithm = "ES256"

    def __init__(self, kid):
        self.key, self.kid = ec.generate_private_key(ec.SECP256R1()), kid

    def jwk(self):
        public = self.key.public_key().public_numbers()
        return {"kty": "EC", "crv": "P-256", "kid": self.kid, "x": number(public.x, 32), "y": number(public.y, 32)}

    def sign(self, text):
        r, s = utils.decode_dss_signature(self.key.sign(text, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def token(key, lifetime=600, header=None, **claims):
    head = {"alg": key.algorithm, "typ": "JWT", **({"kid": key.kid} if key.kid else {}), **(header or {})}
    body = {"exp": int(time.time()) + lifetime, **claims}
    text = f"{b64(json.dumps(head).encode())}.{b64(json.dumps(body).encode())}"
    return f"{text}.{b64(key.sign(text.encode()))}"
