"""A stand-in for the hub's API: what huggingface_hub calls to upload a folder, with storage that survives a failure.

Source: the calls of huggingface_hub 1.17 (`create_repo`, `upload_folder`, `model_info`) and the git-lfs batch API.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Hub:
    """What the stand-in holds: repositories, large objects, and the faults that are asked for."""

    def __init__(self) -> None:
        self.repos: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, bytes] = {}
        self.sent: list[str] = []
        self.tokens = {"hf_right": "me"}
        self.fail_after_objects: int | None = None
        self.refuse_card = ""
        self.swap: str | None = None
        self.address = ""

    @contextmanager
    def serving(self) -> Iterator[str]:
        hub = self

        class Handler(_Handler):
            state = hub

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield self.address
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def files(self, repo: str) -> dict[str, bytes]:
        return {
            name: self.objects[one["oid"]] if one["lfs"] else one["content"]
            for name, one in self.repos[repo]["files"].items()
        }


class _Handler(BaseHTTPRequestHandler):
    state: Hub
    protocol_version = "HTTP/1.1"

    def _answer(self, status: int, document: Any = None) -> None:
        body = b"" if document is None else json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        if status >= 400 and isinstance(document, dict):
            self.send_header("x-error-message", str(document.get("error")))
        self.end_headers()
        self.wfile.write(body)

    def _body(self) -> bytes:
        if self.headers.get("transfer-encoding") == "chunked":
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            self.rfile.readline()
            return body
        return self.rfile.read(int(self.headers.get("content-length", 0)))

    def _user(self) -> str | None:
        return self.state.tokens.get(self.headers.get("authorization", "").removeprefix("Bearer "))

    def do_GET(self) -> None:
        if self._user() is None:
            return self._answer(401, {"error": "Invalid username or password."})
        if self.path.startswith("/api/whoami-v2"):
            return self._answer(200, {"name": self._user(), "type": "user", "orgs": []})
        match = re.match(r"/api/models/([^/]+/[^/?]+)", self.path)
        if match and match[1] in self.state.repos:
            return self._answer(200, self._info(match[1]))
        return self._answer(404, {"error": "Repository not found"})

    def _info(self, repo: str) -> dict[str, Any]:
        held = self.state.repos[repo]
        siblings = []
        for name, one in held["files"].items():
            content = self.state.objects[one["oid"]] if one["lfs"] else one["content"]
            if self.state.swap == name:
                content += b"!"
            blob = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
            sibling: dict[str, Any] = {"rfilename": name, "size": len(content), "blobId": blob}
            if one["lfs"]:
                sibling["lfs"] = {
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "size": len(content),
                    "pointerSize": 130,
                }
            siblings.append(sibling)
        return {
            "id": repo,
            "sha": held["sha"],
            "private": held["private"],
            "siblings": siblings,
            "tags": [],
            "downloads": 0,
        }

    def do_POST(self) -> None:
        body = self._body()
        if self._user() is None:
            return self._answer(401, {"error": "Invalid username or password."})
        if self.path == "/api/repos/create":
            return self._create(json.loads(body))
        if self.path == "/api/validate-yaml":
            why = self.state.refuse_card
            return self._answer(400 if why else 200, {"errors": [{"message": why}] if why else [], "warnings": []})
        match = re.match(r"/(?:api/models/)?([^/]+/[^/.]+)(?:\.git)?/(preupload|info/lfs|commit)", self.path)
        if match is None or match[1] not in self.state.repos:
            return self._answer(404, {"error": "Repository not found"})
        work = {"preupload": self._preupload, "info/lfs": self._batch, "commit": self._commit}[match[2]]
        return work(match[1], body)

    def _create(self, asked: dict[str, Any]) -> None:
        repo = f"{asked.get('organization') or self._user()}/{asked['name']}"
        if repo.split("/")[0] != self._user():
            return self._answer(403, {"error": "You don't have the rights to create a model under this namespace"})
        if repo in self.state.repos:
            return self._answer(
                409, {"error": "You already created this model repo", "url": f"{self.state.address}/{repo}"}
            )
        self.state.repos[repo] = {
            "private": asked.get("visibility") == "private",
            "files": {},
            "sha": "0" * 40,
            "commits": [],
        }
        return self._answer(200, {"url": f"{self.state.address}/{repo}", "name": repo})

    def _preupload(self, repo: str, body: bytes) -> None:
        files = []
        for one in json.loads(body)["files"]:
            large = one["path"].endswith(".safetensors") or one["size"] > 10_000_000
            files.append({"path": one["path"], "uploadMode": "lfs" if large else "regular", "shouldIgnore": False})
        self._answer(200, {"files": files})

    def _batch(self, repo: str, body: bytes) -> None:
        objects = []
        for one in json.loads(body)["objects"]:
            answer = {"oid": one["oid"], "size": one["size"]}
            if one["oid"] not in self.state.objects:
                answer["actions"] = {"upload": {"href": f"{self.state.address}/store/{one['oid']}"}}
            objects.append(answer)
        self._answer(200, {"transfer": "basic", "objects": objects})

    def _commit(self, repo: str, body: bytes) -> None:
        held = self.state.repos[repo]
        lines = [json.loads(line) for line in body.splitlines()]
        for line in lines:
            value = line["value"]
            if line["key"] == "file":
                held["files"][value["path"]] = {"lfs": False, "content": base64.b64decode(value["content"])}
            elif line["key"] == "lfsFile":
                held["files"][value["path"]] = {"lfs": True, "oid": value["oid"]}
        held["sha"] = hashlib.sha1(body).hexdigest()
        held["commits"].append(lines[0]["value"]["summary"])
        url = f"{self.state.address}/{repo}/commit/{held['sha']}"
        self._answer(200, {"success": True, "commitOid": held["sha"], "commitUrl": url})

    def do_PUT(self) -> None:
        content = self._body()
        left = self.state.fail_after_objects
        if left is not None and len(self.state.sent) >= left:
            return self._answer(403, {"error": "the storage is full"})
        oid = hashlib.sha256(content).hexdigest()
        assert self.path == f"/store/{oid}", "what arrives is what was announced"
        self.state.objects[oid] = content
        self.state.sent.append(oid)
        return self._answer(200)

    def log_message(self, *_: Any) -> None:
        pass
