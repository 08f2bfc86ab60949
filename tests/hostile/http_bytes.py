"""Requests and frames as bytes, and one who asks and waits."""
import base64
import http.client
import json
import os
import struct


def request(method, path, token, body=b"", extra=b""):
    head = f"{method} {path} HTTP/1.1\r\nHost: h\r\n"
    if token:
        head += f"Authorization: Bearer {token}\r\n"
    if body:
        head += f"Content-Length: {len(body)}\r\n"
    return head.encode() + extra + b"\r\n" + body


def websocket(path, token):
    key = base64.b64encode(os.urandom(16)).decode()
    return request("GET", path, token, extra=("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                              f"Sec-WebSocket-Key: {key}\r\n").encode())


def frame(opcode, payload=b"", *, fin=True, masked=True, reserved=0, length=None):
    """length: what the header says, if not the truth."""
    size = len(payload) if length is None else length
    first = bytes([(0x80 if fin else 0) | reserved << 4 | opcode])
    bit = 0x80 if masked else 0
    if size < 126:
        head = bytes([bit | size])
    elif size < 65536:
        head = bytes([bit | 126]) + struct.pack(">H", size)
    else:
        head = bytes([bit | 127]) + struct.pack(">Q", size)
    # A mask of zeros is a mask.
    return first + head + (b"\0\0\0\0" if masked else b"") + payload


def command(**fields):
    return frame(1, json.dumps(fields).encode())


class Asker:
    """One keep-alive connection."""

    def __init__(self, address, token):
        self.connection = http.client.HTTPConnection(*address, timeout=20)
        self.token = token

    def ask(self, method, path, body=None):
        self.connection.request(method, path, json.dumps(body) if body is not None else None,
                                {"Authorization": "Bearer " + self.token})
        answer = self.connection.getresponse()
        answer.read()
        return answer.status
