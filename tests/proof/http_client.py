"""The little HTTP that publishers need: one connection, kept alive, one request at a time."""
import asyncio
import urllib.request


class Connection:
    """Opens itself at the first request, and again after any error."""

    def __init__(self, address):
        self.address = address
        self._streams = None

    async def request(self, method, path, headers=(), body=b"", timeout=3):
        """(status, body). OSError, EOFError or TimeoutError when there is no whole answer."""
        try:
            async with asyncio.timeout(timeout):
                return await self._exchange(method, path, headers, body)
        except BaseException:
            self.close()
            raise

    async def _exchange(self, method, path, headers, body):
        if self._streams is None:
            self._streams = await asyncio.open_connection(*self.address)
        reader, writer = self._streams
        lines = [f"{method} {path} HTTP/1.1", "Host: proof", f"Content-Length: {len(body)}", *headers, "", ""]
        writer.write("\r\n".join(lines).encode() + body)
        await writer.drain()
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:] if line)
        answer = await reader.readexactly(int(fields.get("content-length", 0)))
        if fields.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), answer

    def close(self):
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None


async def get_status(address, path, timeout):
    """Status of a GET, or 0 when nobody answers."""
    connection = Connection(address)
    try:
        return (await connection.request("GET", path, timeout=timeout))[0]
    except (OSError, EOFError, TimeoutError):
        return 0
    finally:
        connection.close()


def get_text(address, path):
    """Body of a GET, blocking, for any server. OSError when that is no 200."""
    with urllib.request.urlopen("http://%s:%d%s" % (*address, path), timeout=5) as answer:
        return answer.read().decode()
