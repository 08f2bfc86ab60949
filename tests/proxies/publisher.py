"""Publishes numbers through a proxy while nodes come and go."""
import http.client
import json
import threading
from urllib.parse import urlencode

from world import admin, token


class Publisher:
    """Numbered events, each until it is acknowledged, one after the other."""

    def __init__(self, port, name="note"):
        self.port = port
        self.name = name
        self.sent = 0
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        while not self.stopping.wait(0.02):
            while not self.post(self.sent) and not self.stopping.wait(0.05):
                pass
            self.sent += 1

    def request(self, n):
        """-> path, body, headers. The same id each time."""
        body = json.dumps({"room": "lobby", "event": self.name, "id": f"{self.name}{n}", "data": {"n": n}})
        return "/api/publish", body, {"Authorization": "Bearer " + admin()}

    def post(self, n):
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            link.request("POST", *self.request(n))
            answer = link.getresponse()
            answer.read()
            return answer.status == 200
        except (OSError, http.client.HTTPException):
            return False  # not acknowledged: the same id again
        finally:
            link.close()

    def stop(self):
        self.stopping.set()
        self.thread.join()


class MercurePublisher(Publisher):
    """Updates of a Mercure hub."""

    def __init__(self, port, topic):
        self.topic = topic
        super().__init__(port)

    def request(self, n):
        body = urlencode({"topic": self.topic, "id": f"urn:n:{n}", "data": json.dumps({"n": n})})
        return "/.well-known/mercure", body, {
            "Authorization": "Bearer " + token(mercure={"publish": ["*"]}, sub=None, exp=None),
            "Content-Type": "application/x-www-form-urlencoded",
        }
