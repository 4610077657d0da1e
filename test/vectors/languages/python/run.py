"""Judges every vector of a file with docs/upstreams/python/postern_verify.py."""
import json
import sys

import jwt
from postern_verify import verify

said = []
for vector in json.load(open(sys.argv[1]))["vectors"]:
    try:
        said.append({"name": vector["name"], "verdict": "user", "sub": verify(vector["token"])["sub"]})
    except jwt.PyJWTError as problem:
        said.append({"name": vector["name"], "verdict": "refused", "why": repr(problem)})
print(json.dumps(said))
