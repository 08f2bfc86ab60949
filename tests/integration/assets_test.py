"""Files that a node carries inside, as they come to a browser."""
import gzip

from harness import ClusterCase

MOST_BYTES = 8192  # of the JavaScript client, gzipped


class Assets(ClusterCase):
    def test_the_client_and_the_pages_are_sent_gzipped_to_who_accepts_that(self):
        for path in ("/starling.js", "/", "/web/inspector/main.js", "/web/shared/theme.css"):
            with self.subTest(path):
                plain = self.node.http("GET", path)
                small = self.node.http("GET", path, headers={"Accept-Encoding": "gzip, deflate, br"})
                self.assertEqual((plain.status, small.status), (200, 200))
                self.assertNotIn("content-encoding", plain.headers)
                self.assertEqual(small.headers["content-encoding"], "gzip")
                self.assertEqual(gzip.decompress(small.body), plain.body)
                self.assertLess(len(small.body), len(plain.body))
                for reply in (plain, small):
                    self.assertIn("Accept-Encoding", reply.headers.get_all("vary"))
                self.assertNotEqual(small.headers["etag"], plain.headers["etag"])
                if path == "/starling.js":
                    self.assertLessEqual(len(small.body), MOST_BYTES)
