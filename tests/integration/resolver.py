"""A backend that answers membership questions over HTTP, and checks their signatures."""
import hashlib
import hmac
import http.server
import json
import threading

SECRET = "resolver tests only, thirty-two bytes long"


class Resolver:
    """`rooms`: user -> rooms. `status`: of every answer; `gate`: cleared, no answer is given."""

    def __init__(self):
        self.rooms = {}
        self.asked = []
        self.faults = []
        self.status = 200
        self.gate = threading.Event()
        self.gate.set()
        resolver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                resolver.answer(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 64

        self.server = Server(("127.0.0.1", 0), Handler)
        self.url = "http://127.0.0.1:%d/members" % self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def answer(self, request):
        body = request.rfile.read(int(request.headers["Content-Length"]))
        expected = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if request.headers.get("X-Starling-Signature") != expected:
            self.faults.append(f"signature {request.headers.get('X-Starling-Signature')} of {body!r}")
        question = json.loads(body)
        self.asked.append((request.path, question))
        self.gate.wait(30)
        if request.path == "/members/rooms_of_user":
            answer = {"rooms": self.rooms.get(question["user"], [])}
        elif request.path == "/members/users_of_room":
            answer = {"users": [user for user, rooms in self.rooms.items() if question["room"] in rooms]}
        else:
            self.faults.append(request.path)
            answer = {}
        out = json.dumps(answer).encode()
        try:
            request.send_response(self.status)
            request.send_header("Content-Length", str(len(out)))
            request.end_headers()
            request.wfile.write(out)
        except OSError:
            pass  # who asked has given up

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
