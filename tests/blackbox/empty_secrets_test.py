"""Secrets and pins that are given and empty: they must be given by others, too, empty as they are; none is another thing."""
import unittest

from limen_server import Server

ROOMS = {"videoroom": (429, 433), "audiobridge": (483, 489), "textroom": (413, 419), "streaming": (453, 457)}
STREAM = {"type": "rtp", "media": [{"type": "audio", "mid": "a", "port": 0, "pt": 111, "codec": "opus"}]}
CONF = 'general: { }\nroom-7: { description = "by file"; secret = ""; pin = ""; sampling_rate = 16000; }\n'


class EmptySecrets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        for plugin in ("videoroom", "audiobridge", "textroom"):
            (cls.server.folder / "conf" / f"janus.plugin.{plugin}.jcfg").write_text(CONF)
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)
        cls.session = cls.server.post("", {"janus": "create"})["data"]["id"]

    def plugin(self, name):
        attached = self.server.post(f"/{self.session}", {"janus": "attach", "plugin": f"janus.plugin.{name}"})
        path = f"/{self.session}/{attached['data']['id']}"
        return lambda request, **body: self.server.post(
            path, {"janus": "message", "body": {"request": request, **body}})["plugindata"]["data"]

    def pin_required(self, ask, room):
        return next(one["pin_required"] for one in ask("list")["list"] if one["room"] == room)

    def expect_needed(self, ask, name, **which):
        missing, wrong = ROOMS[name]
        self.assertEqual(ask("edit", **which, new_description="x")["error_code"], missing)
        self.assertEqual(ask("edit", **which, new_description="x", secret="x")["error_code"], wrong)
        self.assertNotIn("error_code", ask("edit", **which, new_description="x", secret=""))

    def test_an_empty_one_in_a_request_or_a_file_must_be_given(self):
        for name in ROOMS:
            with self.subTest(name):
                ask = self.plugin(name)
                if name == "streaming":
                    ask("create", id=8, secret="", pin="", **STREAM)
                    self.expect_needed(ask, name, id=8)
                    self.assertEqual(ask("info", id=8, secret="")["info"]["pin"], "")
                    continue
                ask("create", room=8, secret="", pin="")
                for room in (7, 8):
                    self.expect_needed(ask, name, room=room)
                    self.assertTrue(self.pin_required(ask, room))

    def test_no_edit_makes_a_secret_empty(self):
        for name in ROOMS:
            with self.subTest(name):
                ask = self.plugin(name)
                which = {"id" if name == "streaming" else "room": 9}
                ask("create", **which, secret="s", pin="p", **(STREAM if name == "streaming" else {}))
                self.assertNotIn("error_code", ask("edit", **which, secret="s", new_secret="", new_pin=""))
                self.assertEqual(ask("edit", **which, secret="", new_description="x")["error_code"], ROOMS[name][1])
                # AudioBridge and Streaming take the pin away, the others keep it.
                if name == "streaming":
                    self.assertNotIn("pin", ask("info", id=9, secret="s")["info"])
                else:
                    self.assertEqual(self.pin_required(ask, 9), name != "audiobridge")


if __name__ == "__main__":
    unittest.main()
