"""A PostgreSQL of Debian in a folder and on a port of its own, with fechatter's chat_members."""
import atexit
import os
import pathlib
import pwd
import shutil
import signal
import subprocess

from harness import START_SECONDS, Process, eventually, fresh, reserve_port

_VERSIONS = pathlib.Path("/usr/lib/postgresql")
BIN = next((path / "bin" for path in sorted(_VERSIONS.glob("*"), reverse=True) if (path / "bin/initdb").exists()), None)

SCHEMA = """
CREATE TABLE chat_members (chat_id bigint, user_id bigint, joined_at timestamptz DEFAULT now(), left_at timestamptz,
                           PRIMARY KEY (chat_id, user_id));
"""


class Postgres(Process):
    """Takes everybody from 127.0.0.1 as `postgres`. start_again() keeps port and data; kill() with its children."""

    def __init__(self, folder):
        if BIN is None:
            raise AssertionError("PostgreSQL is missing: scripts/deps --test")
        self.port, reservation = reserve_port()
        atexit.register(reservation.close)
        self.folder = pathlib.Path(folder, fresh("postgres"))
        self.folder.mkdir(mode=0o700)
        # It refuses to run as root; the package made a user for it.
        self.owner = "postgres" if os.getuid() == 0 else None
        if self.owner:
            shutil.chown(self.folder, self.owner)
            os.chmod(folder, 0o755)
        self._run(BIN / "initdb", "-D", self.folder / "data", "-A", "trust", "-U", "postgres", "-N", "-E", "UTF8",
                  "--locale=C")
        self.start_again()
        self.sql(SCHEMA)

    def _identity(self):
        if not self.owner:
            return {}
        return {"user": self.owner, "group": pwd.getpwnam(self.owner).pw_gid, "extra_groups": []}

    def _run(self, *command):
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd="/",
                              **self._identity())
        if done.returncode:
            raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
        return done.stdout

    def start_again(self):
        command = [str(BIN / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), "-h", "127.0.0.1",
                   "-k", str(self.folder), "-c", "fsync=off"]
        super().__init__(command, self.folder.parent, fresh("postgres"), identity=self._identity())
        eventually(self._answers, START_SECONDS, "PostgreSQL answers")

    def _answers(self):
        return subprocess.run([str(BIN / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode == 0

    @property
    def dsn(self):
        return f"host=127.0.0.1 port={self.port} dbname=postgres user=postgres"

    def sql(self, text):
        """What a statement prints, without headers."""
        return self._run(BIN / "psql", "-X", "-q", "-At", "-v", "ON_ERROR_STOP=1", "-d", self.dsn, "-c", text)

    def add(self, chat, user):
        self.sql(f"INSERT INTO chat_members VALUES ({chat}, {user}) "
                 "ON CONFLICT (chat_id, user_id) DO UPDATE SET left_at = NULL")

    def leave(self, chat, user):
        self.sql(f"UPDATE chat_members SET left_at = now() WHERE chat_id = {chat} AND user_id = {user}")

    def signal_all(self, number):
        """To the server and the processes of its connections."""
        children = subprocess.run(["ps", "-o", "pid=", "--ppid", str(self.pid)], capture_output=True, text=True)
        for pid in [self.pid, *map(int, children.stdout.split())]:
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass

    def crash(self):
        """All of it at once, as when the machine dies."""
        self.signal_all(signal.SIGKILL)
        self.process.wait()
