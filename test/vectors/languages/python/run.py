"""Judges every vector of a file with docs/upstreams/python/postern_verify.py."""
import json
import sys

import jwt
from postern_verify import verify

if sys.argv[1] == "-":
    # One assertion a line, judged as it comes; refusals are said, and at the end how many lines there were.
    count = 0
    for count, line in enumerate(sys.stdin, 1):
        try:
            verify(line.strip())
        except jwt.PyJWTError as problem:
            print("refused", repr(problem), flush=True)
    print("judged", count)
    sys.exit()

said = []
for vector in json.load(open(sys.argv[1]))["vectors"]:
    try:
        said.append({"name": vector["name"], "verdict": "user", "sub": verify(vector["token"])["sub"]})
    except jwt.PyJWTError as problem:
        said.append({"name": vector["name"], "verdict": "refused", "why": repr(problem)})
print(json.dumps(said))
