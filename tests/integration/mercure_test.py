"""The Mercure protocol on one node and on three, beside the native one."""
import json
import unittest
from urllib.parse import quote, urlencode

from clients import Event, Sse
from harness import Cluster, admin, eventually, fresh, token

HUB = "/.well-known/mercure"
LIST = HUB + "/subscriptions"


def grants(**claim):
    return token(mercure=claim, sub=None, exp=None)


PUBLISHER = grants(publish=["*"])
EVERYTHING = grants(subscribe=["*"])
NOTHING = grants(subscribe=[])


def publish(node, topics, data, by=PUBLISHER, **fields):
    """The id of an update."""
    topics = [topics] if isinstance(topics, str) else topics
    form = urlencode([("topic", topic) for topic in topics] + [("data", data), *fields.items()]).encode()
    reply = node.http("POST", HUB, token=by, body=form, headers={"Content-Type": "application/x-www-form-urlencoded"})
    if reply.status != 200:
        raise AssertionError(f"publish: {reply.status} {reply.body!r}")
    return reply.body.decode()


class Subscriber(Sse):
    """An EventSource on the hub: there is no first event."""

    def __init__(self, node, topics, by=EVERYTHING, last_event_id=None, **query):
        topics = [topics] if isinstance(topics, str) else topics
        path = HUB + "?" + urlencode([("topic", topic) for topic in topics] + list(query.items()))
        self.opening = True
        super().__init__(node, path=path, headers={"Authorization": "Bearer " + by} if by else {},
                         last_event_id=last_event_id)

    def next(self, timeout=5):
        if self.opening:
            self.opening = False
            return Event("", None, "", None)
        return super().next(timeout)

    def until_data(self, last):
        """Data of the updates up to the one with this data."""
        out = []
        while not out or out[-1] != last:
            event = self.next()
            if event.name != "goodbye":
                out.append(event.data)
        return out


class On(unittest.TestCase):
    nodes = 1

    @classmethod
    def setUpClass(cls):
        cls.cluster = Cluster(cls.nodes)
        cls.here = cls.cluster.nodes[0]
        cls.there = cls.cluster.nodes[-1]

    @classmethod
    def tearDownClass(cls):
        cls.cluster.close()

    def subscribe(self, *args, node=None, **kwargs):
        client = Subscriber(node or self.there, *args, **kwargs)
        self.addCleanup(client.close)
        self.assertEqual(client.status, 200)
        return client


class OneNode(On):
    def test_an_update_reaches_every_selector_of_its_topics_once(self):
        base = "https://ex.org/" + fresh("books") + "/"
        sync = fresh("sync")
        wanted = {base + "1": True, base + "{id}": True, "*": True, base + "2": False, base + "{id}/more": False}
        streams = {text: self.subscribe([text, base + "alt", sync], NOTHING) for text in wanted}
        publish(self.here, [base + "1", base + "other"], "one")
        publish(self.here, [base + "1", base + "alt"], "two")
        publish(self.here, sync, "end")
        for text, hears in wanted.items():
            self.assertEqual(streams[text].until_data("end"), (["one"] if hears else []) + ["two", "end"], text)

    def test_private_updates_reach_those_with_a_grant_alone_live_and_replayed(self):
        topic = "https://ex.org/" + fresh("user")
        who = {"grant": (grants(subscribe=[topic]), ["secret", "open"]), "none": (NOTHING, ["open"]),
               "other": (grants(subscribe=["https://ex.org/x"]), ["open"])}
        live = {name: self.subscribe(topic, by) for name, (by, _) in who.items()}
        publish(self.here, topic, "secret", private="on")
        publish(self.here, topic, "open")
        for name, (by, wanted) in who.items():
            self.assertEqual(live[name].until_data("open"), wanted, name)
            replayed = self.subscribe(topic, by, lastEventID="earliest")
            self.assertEqual(replayed.until_data("open"), wanted, name + ", replayed")

    def test_a_subscriber_resumes_after_any_id_exactly(self):
        topic = "https://ex.org/" + fresh("history")
        ids = [publish(self.here, topic, str(n), **({"id": fresh("urn:x")} if n % 2 else {})) for n in range(8)]
        for n, known in enumerate(ids[:-1]):
            for how in ({"last_event_id": known}, {"lastEventID": known}):
                client = self.subscribe(topic, **how)
                self.assertEqual(client.headers["last-event-id"], known)
                self.assertEqual(client.until_data("7"), [str(m) for m in range(n + 1, 8)])
        everything = self.subscribe(topic, lastEventID="earliest")
        self.assertEqual(everything.until_data("7"), [str(m) for m in range(8)])
        self.assertEqual(everything.headers["last-event-id"], "earliest")
        unknown = self.subscribe(topic, last_event_id="urn:x:unknown")
        self.assertEqual(unknown.headers["last-event-id"], "earliest")
        self.assertEqual(unknown.until_data("7"), [str(m) for m in range(8)])

    def test_ids_on_the_stream_are_those_of_the_publisher(self):
        topic = fresh("ids")
        client = self.subscribe(topic)
        made = publish(self.here, topic, "made")
        given = publish(self.here, topic, "given", id="urn:x:" + topic, type="edit", retry="1234")
        first, second = client.next(), client.next()
        self.assertEqual((first.name, first.id, first.data), ("message", made, "made"))
        self.assertEqual((second.name, second.id, second.retry), ("edit", given, 1234))

    def test_a_topic_is_a_native_room_both_ways(self):
        room = fresh("room")
        native = Sse(self.there, token(rooms=[room]))
        self.addCleanup(native.close)
        hub = self.subscribe(room)
        publish(self.here, room, "from mercure", type="Note")
        event = native.until("Note")
        self.assertEqual(event.data, "from mercure")
        native_id = self.here.publish(room=room, event="Tick", data={"k": 1})["position"]
        self.assertEqual([hub.next().data, hub.next().data], ["from mercure", '{"k":1}'])
        self.assertEqual(hub.last_id, "#" + native_id)
        history = self.here.http("GET", f"/api/rooms/{room}/history", token=admin()).json["events"]
        self.assertEqual([e["event"] for e in history], ["Note", "Tick"])
        publish(self.here, room, "later")
        for last in ("#" + native_id, native_id):
            self.assertEqual(self.subscribe(room, last_event_id=last).until_data("later"), ["later"])

    def test_a_native_room_is_not_heard_without_a_grant_for_it(self):
        room = fresh("room")
        deaf = self.subscribe([room, "open"], NOTHING)
        hears = self.subscribe([room, "open"], token(mercure={"subscribe": []}, rooms=[room]))
        self.here.publish(room=room, data="native")
        publish(self.here, "open", "end")
        self.assertEqual(deaf.until_data("end"), ["end"])
        self.assertEqual(hears.until_data("end"), ["native", "end"])

    def test_tenants_do_not_hear_each_other(self):
        topic = fresh("topic")
        other = self.subscribe([topic], token(mercure={"subscribe": ["*"]}, tenant="other", sub=None))
        ours = self.subscribe(topic)
        publish(self.here, topic, "ours")
        publish(self.here, topic, "theirs", by=token(mercure={"publish": ["*"]}, tenant="other", sub=None))
        publish(self.here, topic, "end")
        self.assertEqual(other.next().data, "theirs")
        self.assertEqual(ours.until_data("end"), ["ours", "end"])

    def test_subscriptions_are_announced_and_listed_while_they_last(self):
        topic = "https://ex.org/" + fresh("s") + "/{id}"
        watch = self.subscribe(LIST + "{/topic}{/subscriber}", node=self.here)
        blind = self.subscribe([LIST + "{/topic}{/subscriber}", "open"], NOTHING, node=self.here)
        client = self.subscribe(topic, token(mercure={"subscribe": ["*"], "payload": {"name": "ann"}}, sub=None))

        def announced(active):
            while True:
                about = json.loads(watch.next().data)
                if about["topic"] == topic and about["active"] is active:
                    return about
        about = announced(True)
        self.assertEqual(about["payload"], {"name": "ann"})
        self.assertEqual(about["id"], f"{LIST}/{quote(topic, safe='')}/{quote(about['subscriber'], safe='')}")
        listed = self.here.http("GET", f"{LIST}/{quote(topic, safe='')}", token=EVERYTHING).json
        self.assertEqual([one["subscriber"] for one in listed["subscriptions"]], [about["subscriber"]])
        self.assertEqual(self.here.http("GET", about["id"], token=EVERYTHING).json["topic"], topic)
        client.close()
        self.assertEqual(announced(False)["subscriber"], about["subscriber"])
        eventually(lambda: self.here.http("GET", about["id"], token=EVERYTHING).status == 404)
        publish(self.here, "open", "end")
        self.assertEqual(blind.until_data("end"), ["end"])


class ThreeNodes(OneNode):
    nodes = 3


if __name__ == "__main__":
    unittest.main()
