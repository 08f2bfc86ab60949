"""Every kind of target reaches the right sessions on every node: once, in order, and nobody else."""
import json
import unittest

from clients import Sse, Ws
from harness import ClusterCase, admin, fresh, token


class Listener:
    """One user with one stream, on one node."""

    def __init__(self, case, node, rooms=(), **options):
        tenant = options.pop("tenant", None)
        self.user = fresh("user")
        self.tenant = tenant
        self.stream = case.opened(Sse(node, token(self.user, rooms=list(rooms), tenant=tenant), **options))
        assert self.stream.connected, f"no stream: {self.stream.status}"

    @property
    def client_id(self):
        return self.stream.client_id

    def heard(self, node):
        """All events up to now. A marker to the user comes behind everything stored before it."""
        node.publish(admin(tenant=self.tenant), user=self.user, event="marker")
        out = []
        while (event := self.stream.take(1)[0]).name != "marker":
            out.append(event)
        return out

    def names(self, node):
        return [event.name for event in self.heard(node)]


class Delivery:
    """Tests for one node and for many; the classes below say which."""

    def everywhere(self, rooms=(), **options):
        return [Listener(self, node, rooms, **options) for node in self.nodes]

    def test_a_room_event_from_any_node_reaches_each_member_once(self):
        room = fresh("room")
        members, strangers = self.everywhere([room]), self.everywhere([fresh("room")])
        for i, node in enumerate(self.nodes):
            node.publish(room=room, event=f"from{i}")
        wanted = [f"from{i}" for i in range(len(self.nodes))]
        for member in members:
            self.assertEqual(member.names(self.node), wanted)
        for stranger in strangers:
            self.assertEqual(stranger.names(self.node), [])

    def test_a_member_of_two_target_rooms_gets_the_event_once(self):
        one, two = fresh("room"), fresh("room")
        both = self.everywhere([one, two])
        only = self.everywhere([two])
        self.node.publish(rooms=[one, two], event="both")
        for listener in both + only:
            self.assertEqual(listener.names(self.node), ["both"])

    def test_user_and_users_reach_those_users_only(self):
        a, b, c = self.everywhere(), self.everywhere(), self.everywhere()
        self.node.publish(user=a[-1].user, event="single")
        self.node.publish(users=[b[0].user, b[-1].user], event="several")
        self.assertEqual(a[-1].names(self.node), ["single"])
        for listener in dict.fromkeys((b[0], b[-1])):
            self.assertEqual(listener.names(self.node), ["several"])
        for listener in c:
            self.assertEqual(listener.names(self.node), [])

    def test_a_client_event_reaches_one_session_of_the_user(self):
        user = fresh("user")
        streams = [self.opened(Sse(node, token(user))) for node in (self.node, self.nodes[-1])]
        for publisher in self.nodes:
            publisher.publish(client=streams[1].client_id, event="direct")
            self.assertEqual(streams[1].take(1)[0].name, "direct")
        self.node.publish(user=user, event="marker")
        for stream in streams:
            self.assertEqual(stream.take(1)[0].name, "marker")

    def test_a_session_of_another_tenant_is_no_target(self):
        victim = Listener(self, self.node)
        for node in self.nodes:
            for intruder in (admin(tenant="zz"), token("p", tenant="zz", publish=["client:*"])):
                reply = node.http("POST", "/api/publish", token=intruder,
                                  body={"client": victim.client_id, "event": "evil", "data": 1})
                self.assertEqual(reply.status, 404)
            web = self.opened(Ws(node, token("p", tenant="zz", publish=True)))
            web.send(type="publish", client=victim.client_id, event="evil", data=1, ref=1)
            self.assertEqual(web.until("error")["code"], "not_found")
        self.assertEqual(victim.names(self.node), [])

    def test_all_reaches_everyone_of_the_tenant_and_nobody_else(self):
        tenant, other = fresh("tenant"), fresh("tenant")
        inside, outside = self.everywhere(tenant=tenant), self.everywhere(tenant=other)
        self.nodes[-1].publish(admin(tenant=tenant), all=True, event="news")
        for listener in inside:
            self.assertEqual(listener.names(self.node), ["news"])
        for listener in outside:
            self.assertEqual(listener.names(self.node), [])

    def test_a_room_of_the_same_name_in_another_tenant_is_another_room(self):
        room = fresh("room")
        inside, outside = self.everywhere([room], tenant="a"), self.everywhere([room], tenant="b")
        self.node.publish(admin(tenant="a"), room=room)
        for listener in inside:
            self.assertEqual(len(listener.heard(self.node)), 1)
        for listener in outside:
            self.assertEqual(listener.heard(self.node), [])

    def test_an_ephemeral_event_is_delivered_and_not_stored(self):
        room = fresh("room")
        members = self.everywhere([room])
        self.nodes[-1].publish(room=room, event="typing", ephemeral=True)
        for member in members:
            self.assertEqual(member.stream.take(1)[0].name, "typing")
        history = self.node.http("GET", f"/api/rooms/{room}/history", token=admin()).json
        self.assertEqual(history["events"], [])

    def test_excluded_sessions_do_not_hear_the_event(self):
        room = fresh("room")
        members = self.everywhere([room]) + self.everywhere([room])
        out = [members[0], members[-1]]
        self.node.publish(room=room, event="others", exclude=[x.client_id for x in out])
        for member in members:
            self.assertEqual(member.names(self.node), [] if member in out else ["others"])

    def test_the_same_id_twice_is_one_event_and_the_same_answer(self):
        room, key = fresh("room"), fresh("id")
        members = self.everywhere([room])
        answers = [node.publish(room=room, id=key) for node in (self.node, self.nodes[-1], self.node)]
        self.assertEqual(answers[0]["id"], key)
        self.assertEqual(answers, [answers[0]] * 3)
        for member in members:
            self.assertEqual(len(member.heard(self.node)), 1)

    def test_the_same_id_twice_is_one_event_where_nothing_is_stored(self):
        room = fresh("room")
        members = self.everywhere([room])
        targets = [{"room": room, "ephemeral": True}, *({"client": member.client_id} for member in members)]
        for node in (self.node, self.nodes[-1], self.node):
            for target in targets:
                node.publish(id="again", event="once", **target)
        for member in members:
            self.assertEqual([event.name for event in member.stream.take(2)], ["once", "once"])
        for node in self.nodes:
            node.publish(room=room, ephemeral=True, event="end")
        for member in members:
            self.assertEqual([event.name for event in member.stream.take(len(self.nodes))],
                             ["end"] * len(self.nodes))

    def test_an_idempotency_key_does_what_an_id_does(self):
        room, key = fresh("room"), fresh("key")
        member = Listener(self, self.nodes[-1], [room])
        for node in (self.node, self.nodes[-1]):
            reply = node.http("POST", "/api/publish", token=admin(), headers={"Idempotency-Key": key},
                              body={"room": room, "event": "once", "data": 1})
            self.assertEqual(reply.status, 200)
        self.assertEqual(member.names(self.node), ["once"])

    def test_a_batch_answers_per_item_in_order(self):
        room = fresh("room")
        may = token("p", publish=[room])
        items = [{"room": room, "event": "a", "data": 1}, {"room": "foreign", "event": "b", "data": 2},
                 {"room": room, "data": 3}, {"room": room, "event": "d", "data": 4}]
        member = Listener(self, self.nodes[-1], [room])
        reply = self.node.http("POST", "/api/publish", token=may, body=items)
        self.assertEqual(reply.status, 200)
        codes = [item.get("error", {}).get("code") for item in reply.json]
        self.assertEqual(codes, [None, "forbidden", "malformed", None])
        self.assertEqual(member.names(self.node), ["a", "d"])

    def test_ndjson_of_a_thousand_arrives_in_order_with_growing_ids(self):
        room = fresh("room")
        members = self.everywhere([room])
        lines = "\n".join(json.dumps({"room": room, "event": "n", "data": i}) for i in range(1000))
        reply = self.node.http("POST", "/api/publish", token=admin(), body=lines.encode(),
                               headers={"Content-Type": "application/x-ndjson"})
        self.assertEqual((reply.status, len(reply.json)), (200, 1000))
        for member in members:
            events = member.stream.take(1000, 20)
            self.assertEqual([json.loads(event.data) for event in events], list(range(1000)))
            self.assertEqual([event.id for event in events], [item["position"] for item in reply.json])

    def test_more_than_a_thousand_items_are_refused_whole(self):
        items = [{"room": "r", "event": "n", "data": 0}] * 1001
        self.assertEqual(self.node.http("POST", "/api/publish", token=admin(), body=items).status, 413)

    def test_each_format_carries_what_it_promises(self):
        room = fresh("room")
        by_format = {name: Listener(self, self.nodes[-1], [room], format=name)
                     for name in ("named", "envelope", "message", "both")}
        web = self.opened(Ws(self.nodes[-1], token(fresh("user"), rooms=[room])))
        sent = self.node.publish(token("sender", publish=[room]), room=room, event="e", data={"k": "v"})
        shape = {"id": sent["id"], "room": room, "event": "e", "data": {"k": "v"}, "sender": "sender"}

        def check_envelope(text):
            envelope = json.loads(text)
            self.assertIsInstance(envelope.pop("ts"), int)
            self.assertRegex(envelope.pop("traceparent"), "^00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$")
            self.assertEqual(envelope, shape)

        got = {name: x.stream.take(2 if name == "both" else 1) for name, x in by_format.items()}
        self.assertEqual((got["named"][0].name, got["named"][0].data), ("e", '{"k":"v"}'))
        self.assertEqual(got["envelope"][0].name, "e")
        check_envelope(got["envelope"][0].data)
        self.assertEqual(got["message"][0].name, "message")
        check_envelope(got["message"][0].data)
        self.assertEqual([x.name for x in got["both"]], ["e", "message"])
        self.assertEqual({x.id for events in got.values() for x in events}, {sent["position"]})
        frame = web.until("event")
        self.assertEqual((frame["id"], frame["room"], frame["event"], frame["data"]),
                         (sent["position"], room, "e", {"k": "v"}))

    def test_text_is_sent_raw_and_its_lines_stay_lines(self):
        room = fresh("room")
        member = Listener(self, self.nodes[-1], [room])
        for text in ("plain", "two\nlines", "", "\n", "a\r\nb\rc", "Grüße 🐦"):
            self.node.publish(room=room, data=text)
            wanted = text.replace("\r\n", "\n").replace("\r", "\n")
            self.assertEqual(member.stream.take(1)[0].data, wanted)


class OnOneNode(Delivery, ClusterCase):
    count = 1


class OnThreeNodes(Delivery, ClusterCase):
    count = 3


if __name__ == "__main__":
    unittest.main()
