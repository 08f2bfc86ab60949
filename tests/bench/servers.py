"""What scripts/bench measures: each a fresh process on a free port of 127.0.0.1, stopped by its pid."""
import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import time

# What starling-bench publishes over NATS (its README, Ingestion).
MAPPING = """
[[mapping]]
subject = "bench.*.*"
room = "{2}.{3}"
event = "bench"
"""
START_SECONDS = 10
STOP_SECONDS = 10
NCHAN_MODULE = pathlib.Path("/usr/lib/nginx/modules/ngx_nchan_module.so")

NGINX = """daemon off;
worker_processes auto;
worker_rlimit_nofile {files};
pid {folder}/nginx.pid;
load_module {module};
events {{ worker_connections {connections}; }}
http {{
  access_log off;
  keepalive_requests 1000000000;
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location ~ ^/sub/(.+)$ {{
      nchan_subscriber eventsource;
      nchan_channel_id $1;
      nchan_subscriber_first_message newest;
    }}
    location ~ ^/pub/(.+)$ {{
      nchan_publisher;
      nchan_channel_id $1;
      nchan_message_buffer_length 1000;
    }}
  }}
}}
"""


class Unavailable(Exception):
    """A program this machine does not have; the message says which and how to get it."""


class Failed(Exception):
    """A server did not start; the message says why."""


class Process:
    def __init__(self, name, command, folder, stop_signal):
        self.name, self.stop_signal = name, stop_signal
        self.log = folder / f"{name}.log"
        with self.log.open("wb") as out:
            self.popen = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        self.pid = self.popen.pid

    def wait_for(self, pattern):
        """The pattern's first group, once the log says so."""
        found = None

        def said():
            nonlocal found
            found = re.search(pattern, self.log.read_text(errors="replace"))
            return found
        self.wait_until(said)
        return found.group(1)

    def wait_until(self, ready):
        end = time.monotonic() + START_SECONDS
        while not ready():
            if self.popen.poll() is not None:
                raise Failed(f"{self.name} ended with {self.popen.returncode}: {self.last_words()}")
            if time.monotonic() > end:
                raise Failed(f"{self.name} was not ready in {START_SECONDS} s: {self.last_words()}")
            time.sleep(0.02)

    def last_words(self):
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else f"nothing in {self.log}"

    def stop(self):
        """What was wrong when it did not end as it should."""
        if self.popen.poll() is None:
            self.popen.send_signal(self.stop_signal)
            try:
                self.popen.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
                return f"{self.name} had to be killed: it did not end in {STOP_SECONDS} s"
        code = self.popen.returncode
        return f"{self.name} ended with {code}: {self.last_words()}" if code not in (0, -self.stop_signal) else ""


class Server:
    """What one run talks to. CPU and memory are those of `pids`; what `side_pids` use is shown apart."""

    def __init__(self):
        self.arguments = []
        self.pids, self.side_pids = [], []
        self.remarks = []
        self._processes = []

    def start(self, name, command, folder, stop_signal=signal.SIGTERM):
        process = Process(name, command, folder, stop_signal)
        self._processes.append(process)
        return process

    def stop(self):
        for process in reversed(self._processes):
            if remark := process.stop():
                self.remarks.append(remark)
        self._processes.clear()


class Servers:
    """Starts them. `binaries`: folder of starlingd and floor; `config`: of the nodes; `folder`: for logs and stores."""

    def __init__(self, binaries, config, folder, open_files):
        self.binaries, self.config, self.folder, self.open_files = binaries, config, folder, open_files

    @contextlib.contextmanager
    def serve(self, kind, count_nats=False):
        server = Server()
        try:
            getattr(self, f"_{kind}")(server, count_nats)
            yield server
        finally:
            server.stop()

    def _floor(self, server, _):
        process = server.start("floor", [self.binaries / "floor", "coalesce"], self.folder)
        server.arguments = ["--target", "http://" + process.wait_for(r"ready .*public=(\S+)")]
        server.pids = [process.pid]

    def _memory(self, server, _):
        self._nodes(server, 1)

    def _shards(self, server, _):
        """More threads than cores: how evenly the work is spread shows whatever the machine."""
        self._nodes(server, 1, ["--set", "node.shards=8"])

    def _jetstream(self, server, count_nats):
        self._nodes(server, 1, self._nats(server, count_nats))

    def _parts(self, server, count_nats):
        """A store in three partitions, all on one nats-server."""
        self._nodes(server, 1, [*self._nats(server, count_nats), "--set", "nats.partitions=3"])

    def _ingesting(self, server, count_nats):
        """A node that ingests; returns the address of its NATS."""
        nats = self._nats(server, count_nats)
        config = self.folder / "ingesting.toml"
        config.touch(mode=0o600)
        config.write_text(self.config.read_text() + MAPPING)
        node, = self._nodes(server, 1, nats, config)
        config.unlink()  # it holds the secret
        node.wait_for(r"(this node ingests a source)")
        return nats[1]

    def _core(self, server, count_nats):
        """The same, published to over NATS."""
        server.arguments += ["--publish-target", self._ingesting(server, count_nats)]

    def _cluster(self, server, count_nats):
        """Sessions on all three, published to the first."""
        self._nodes(server, 3, self._nats(server, count_nats))
        server.arguments += ["--publish-target", server.arguments[1]]

    def _doomed(self, server, _):
        """Three nodes, of which starling-bench kills the first."""
        first, *_ = self._nodes(server, 3, self._nats(server, False))
        first.stop_signal = signal.SIGKILL
        server.arguments += ["--kill", str(first.pid)]

    def _nats(self, server, counted):
        binary = shutil.which("nats-server", path=os.environ["PATH"] + ":/usr/sbin")
        if not binary:
            raise Unavailable("nats-server is not installed (apt-get install nats-server)")
        store = self.folder / "nats"
        shutil.rmtree(store, ignore_errors=True)
        # It calls SIGTERM a failure (exit code 1) and an interrupt the end.
        process = server.start("nats", [binary, "-a", "127.0.0.1", "-p", "-1", "-js", "-sd", store], self.folder,
                               signal.SIGINT)
        address = process.wait_for(r"Listening for client connections on (\S+)")
        (server.pids if counted else server.side_pids).append(process.pid)
        return ["--nats", f"nats://{address}"]

    def _nodes(self, server, count, more=(), config=None):
        """Their processes."""
        nodes = []
        for number in range(1, count + 1):
            name = f"bench-{number}"
            process = server.start(name, [self.binaries / "starlingd", "--config", config or self.config, "--node-id", name,
                                          "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", *more], self.folder)
            server.arguments += ["--target", "http://" + process.wait_for(r"ready .*public=(\S+)")]
            server.pids.append(process.pid)
            nodes.append(process)
        return nodes

    def _nchan(self, server, _):
        binary = shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin")
        if not binary or not NCHAN_MODULE.exists():
            raise Unavailable("Nchan is not installed (apt-get install nginx libnginx-mod-nchan)")
        folder = self.folder / "nginx"
        folder.mkdir(exist_ok=True)
        port = free_port()
        (folder / "nginx.conf").write_text(NGINX.format(folder=folder.resolve(), module=NCHAN_MODULE, port=port,
                                                        files=self.open_files, connections=self.open_files - 100))
        process = server.start("nginx", [binary, "-e", "stderr", "-p", folder.resolve(),
                                         "-c", folder.resolve() / "nginx.conf"], self.folder)
        process.wait_until(lambda: listens(port) and len(children(process.pid)) >= os.cpu_count())
        server.arguments = ["--adapter", "nchan", "--target", f"http://127.0.0.1:{port}"]
        server.pids = [process.pid, *children(process.pid)]


def free_port():
    """For a program that cannot say which port it was given."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def children(pid):
    return [int(word) for word in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
