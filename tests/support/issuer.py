"""An issuer of web tokens: its keys, their JWKS file, and tokens as good or as bad as a test wants."""

import base64
import json
import time

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

ISSUER, AUDIENCE = "https://issuer.example", "dropout-risk"


def encoded(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def secret_key(kid, size=32):
    return {"kty": "oct", "kid": kid, "alg": "HS256", "k": encoded(b"s" * size)}


class Issuer:
    """Keys by their names, and the file that tells the public ones."""

    def __init__(self, path):
        self.path = path
        self.private = {}
        self.told = []

    def add_rsa(self, kid, bits=2048):
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        return self._add(
            kid, key, jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True), "RS256"
        )

    def add_ec(self, kid):
        key = ec.generate_private_key(ec.SECP256R1())
        return self._add(kid, key, jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True), "ES256")

    def _add(self, kid, key, told, algorithm):
        self.private[kid] = (key, algorithm)
        self.told.append(told | {"kid": kid, "use": "sig", "alg": algorithm})
        return self.publish()

    def publish(self, told=None):
        self.path.write_text(json.dumps({"keys": self.told if told is None else told}))
        return self

    def forget(self, kid):
        self.told = [key for key in self.told if key["kid"] != kid]
        return self.publish()

    def public_pem(self, kid):
        public = self.private[kid][0].public_key()
        return public.public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def token(self, kid, headers=None, **claims):
        key, algorithm = self.private[kid]
        now = int(time.time())
        told = {"sub": "t-1", "iss": ISSUER, "aud": AUDIENCE, "iat": now, "exp": now + 300} | claims
        told = {name: value for name, value in told.items() if value is not None}
        said = {"kid": kid} | (headers or {})
        said = {name: value for name, value in said.items() if value is not None}
        return jwt.encode(told, key, algorithm, headers=said)
