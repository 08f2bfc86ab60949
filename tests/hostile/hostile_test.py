"""Honest clients beside hostile ones: nothing lost, events in time, memory that comes back, newcomers served."""
import time
import unittest

from siege import ATTACKS, HONEST, NOTICED_MS, Siege

SECONDS = 2.5  # for those that need no deadline to pass


class Besieged(unittest.TestCase):
    descriptors = None

    @classmethod
    def setUpClass(cls):
        cls.siege = Siege(cls.descriptors)
        cls.addClassCleanup(cls.siege.close)

    def withstand(self, name):
        outcome = self.siege.attack(name, ATTACKS[name].seconds if name == "slow_headers" else SECONDS, NOTICED_MS)
        self.assertEqual(outcome.faults, [], outcome)
        return outcome


class Attacks(Besieged):
    def test_slow_headers_are_answered_408_in_time(self):
        outcome = self.withstand("slow_headers")
        self.assertGreaterEqual(outcome.counted['starling_http_errors_total{code="timeout"}'], 1000)

    def test_slow_bodies_hold_no_memory(self):
        self.withstand("slow_bodies")

    def test_slow_readers_are_sent_away(self):
        outcome = self.withstand("slow_readers")
        self.assertGreater(outcome.counted['starling_sessions_closed_total{code="slow_consumer"}'], 0)

    def test_who_reads_no_answer_delays_nobody(self):
        self.withstand("unread_answers")

    def test_half_open_websockets_are_closed(self):
        outcome = self.withstand("half_open")
        self.assertEqual(outcome.seen["open at the end"], 0)

    def test_15000_idle_connections_cost_little(self):
        self.withstand("idle_connections")

    def test_requests_that_no_client_sends_are_refused(self):
        outcome = self.withstand("http_games")
        self.assertGreater(outcome.counted['starling_http_errors_total{code="malformed"}'], 0)

    def test_frames_that_no_client_sends_end_the_connection(self):
        outcome = self.withstand("frame_games")
        self.assertGreater(outcome.counted['starling_sessions_closed_total{code="protocol_error"}'], 0)

    def test_a_flood_of_pings_delays_nobody(self):
        self.withstand("ping_flood")

    def test_a_flood_of_commands_delays_nobody(self):
        outcome = self.withstand("command_flood")
        self.assertGreater(outcome.counted['starling_publish_errors_total{code="forbidden"}'], 0)

    def test_500_strangers_who_reconnect_at_once_delay_nobody(self):
        self.withstand("reconnect_storm")

    def test_storms_of_subscriptions_delay_nobody(self):
        self.withstand("subscribe_storm")

    def test_a_subscription_to_100000_rooms_is_refused(self):
        outcome = self.withstand("greedy_subscribes")
        self.assertGreater(outcome.seen.get("refused", 0), 0)
        self.assertGreater(outcome.counted['starling_limited_total{limit="rooms_per_session"}'], 0)

    def test_ever_new_tokens_delay_nobody(self):
        self.withstand("token_storm")

    def test_ever_new_bad_tokens_delay_nobody(self):
        outcome = self.withstand("unauthorized_storm")
        self.assertGreater(outcome.counted['starling_http_errors_total{code="unauthorized"}'], 0)

    def test_all_honest_clients_reconnect_at_once_and_miss_nothing(self):
        self.siege.honest.mark()
        for _ in range(3):
            self.assertLess(self.siege.honest.ask("storm")["back_s"], 5)
            time.sleep(0.5)
        after = self.siege.honest.mark()
        self.assertEqual((after["connected"], after["lost"], after["repeated"], after["refused"]), (HONEST, 0, 0, 0))
        self.assertGreater(after["deliveries"], 0)


class Descriptors(Besieged):
    descriptors = ATTACKS["descriptors_used_up"].descriptors

    def test_open_files_are_used_up_and_freed_again(self):
        self.withstand("descriptors_used_up")


if __name__ == "__main__":
    unittest.main()
