"""Ten thousand clients that vanish leave nothing behind."""
import os
import pathlib
import socket
import struct
import unittest
from concurrent.futures import ThreadPoolExecutor

from harness import ClusterCase, eventually, fresh, token

ROUNDS = 10_000
WORKERS = 8
RESET = struct.pack("ii", 1, 0)  # SO_LINGER: close sends RST


class Leaks(ClusterCase):
    count = 1

    def descriptors(self):
        return len(list(pathlib.Path(f"/proc/{self.node.pid}/fd").iterdir()))

    def resident(self):
        for line in pathlib.Path(f"/proc/{self.node.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("no VmRSS")

    def vanish(self, count, read_first):
        """Connects `count` times as another user in another room, and resets."""
        for i in range(count):
            bearer = token(fresh("user"), rooms=[fresh("room")])
            request = f"GET /events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {bearer}\r\n\r\n".encode()
            with socket.create_connection(self.node.public, 20) as raw:
                raw.sendall(request)
                if read_first(i):
                    raw.recv(4096)
                raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)

    def storm(self, rounds):
        # Every second client goes before it has heard anything.
        with ThreadPoolExecutor(WORKERS) as pool:
            for done in [pool.submit(self.vanish, rounds // WORKERS, lambda i: i % 2) for _ in range(WORKERS)]:
                done.result()

    def at_rest(self):
        eventually(lambda: self.node.metric("starling_sessions") == 0, 20, "no session is left")
        eventually(lambda: self.node.metric("starling_rooms") == 0, 20, "no room is left")
        eventually(lambda: self.node.metric("starling_users") == 0, 20, "no user is left")

    def test_sessions_rooms_descriptors_and_memory_come_back(self):
        self.storm(ROUNDS // 5)  # so that pools and arenas have their size
        self.at_rest()
        descriptors, resident = self.descriptors(), self.resident()
        self.storm(ROUNDS)
        self.at_rest()
        eventually(lambda: self.descriptors() <= descriptors + 5, 20, "the descriptors are closed")
        if "ASAN_OPTIONS" in os.environ:
            return  # it keeps what was freed; what is leaked it tells itself
        # 10,000 leaked sessions of 2 KB would be 20 MB.
        self.assertLess(self.resident() - resident, 10 * 1024 * 1024)


if __name__ == "__main__":
    unittest.main()
