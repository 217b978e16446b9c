"""MQTT: requests, status, events, TLS and MQTT 5 through a real Mosquitto that is killed and comes back."""
import json
import pathlib
import shutil
import subprocess
import tempfile
import threading
import unittest

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from limen_server import Server, free_port, until


class Broker:
    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limen-mosquitto-"))
        self.port, self.tls_port = free_port(), free_port()
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"], check=True, capture_output=True)
        (self.folder / "key.pem").chmod(0o644)
        self.folder.chmod(0o755)
        (self.folder / "mosquitto.conf").write_text(
            f"listener {self.port} 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\n"
            f"listener {self.tls_port} 127.0.0.1\ncertfile {self.folder}/cert.pem\nkeyfile {self.folder}/key.pem\n")
        self.process = None

    def start(self):
        self.process = subprocess.Popen(["mosquitto", "-c", self.folder / "mosquitto.conf"],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def stop(self):
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)


class Peer:
    """An MQTT 5 client that keeps what comes; it connects again by itself."""

    def __init__(self, broker):
        self.messages, self.lock = [], threading.Lock()
        self.subscribed = threading.Event()
        self.client = mqtt.Client(protocol=mqtt.MQTTv5)
        self.client.reconnect_delay_set(1, 1)
        self.client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self.client.on_subscribe = lambda *_: self.subscribed.set()
        self.client.on_disconnect = lambda *_: self.subscribed.clear()
        self.client.on_message = self.on_message
        until("Mosquitto takes connections", lambda: self.connect(broker.port))
        self.client.loop_start()
        assert self.subscribed.wait(10)

    def connect(self, port):
        try:
            return self.client.connect("127.0.0.1", port) == 0
        except OSError:
            return False

    def on_message(self, _client, _data, message):
        with self.lock:
            self.messages.append(message)

    def send(self, topic, text, **properties):
        made = Properties(PacketTypes.PUBLISH)
        for name, value in properties.items():
            setattr(made, name, value)
        self.client.publish(topic, text if isinstance(text, str) else json.dumps(text), qos=1, properties=made)

    def find(self, topic, test=lambda body: True):
        with self.lock:
            for message in self.messages:
                if message.topic == topic and test(json.loads(message.payload)):
                    return message
        return None

    def expect(self, topic, test=lambda body: True, timeout=15):
        return until(f"a message on {topic}", lambda: self.find(topic, test), timeout)

    def ask(self, request, timeout=15):
        self.send("to-janus", request)
        message = self.expect("from-janus", lambda body: body.get("transaction") == request["transaction"], timeout)
        return json.loads(message.payload)

    def stop(self):
        self.client.disconnect()
        self.client.loop_stop()


STATUS = ('status: { enabled = true; connect_message = "{\\"on\\":true}"; disconnect_message = "{\\"on\\":false}"; '
          'topic = "status"; retain = true; }\n')


def with_mqtt(server, general, others="", handler=""):
    """Says on the retained topic `status` when the broker has acknowledged its subscriptions."""
    conf = server.folder / "conf"
    main = conf / "janus.jcfg"
    main.write_text(main.read_text() + "events: { broadcast = true; }\n")
    (conf / "janus.transport.mqtt.jcfg").write_text(
        f'general: {{ enabled = true; subscribe_topic = "to-janus"; publish_topic = "from-janus"; {general} }}\n{others}{STATUS}')
    if handler:
        (conf / "janus.eventhandler.mqttevh.jcfg").write_text(
            f'general: {{ enabled = true; events = "all"; client_id = "events"; qos = 1; {handler} }}\n')
    return server


class Mqtt(unittest.TestCase):
    def setUp(self):
        self.broker = Broker()
        self.addCleanup(self.broker.stop)
        self.broker.start()
        self.peer = Peer(self.broker)
        self.addCleanup(self.peer.stop)
        self.url = f'url = "tcp://127.0.0.1:{self.broker.port}";'

    def subscribed(self):
        """A request that is published before the broker knows who wants it is nobody's."""
        self.peer.expect("status", lambda body: body["on"])

    def test_requests_admin_status_and_events(self):
        others = ('admin: { admin_enabled = true; subscribe_topic = "to-admin"; publish_topic = "from-admin"; }\n')
        with with_mqtt(Server(), self.url, others, self.url) as server:
            self.subscribed()
            self.assertEqual(self.peer.ask({"janus": "ping", "transaction": "a"}), {"janus": "pong", "transaction": "a"})
            self.peer.send("to-janus", "{nonsense")
            self.peer.expect("from-janus", lambda body: body.get("error", {}).get("code") == 454)
            self.peer.send("to-admin", {"janus": "list_sessions", "transaction": "b", "admin_secret": "blackbox"})
            self.peer.expect("from-admin", lambda body: body["janus"] == "success" and body["sessions"] == [])
            self.assertEqual(self.peer.ask({"janus": "list_sessions", "transaction": "c", "admin_secret": "blackbox"})
                             ["janus"], "error")
            session = self.peer.ask({"janus": "create", "transaction": "d"})["data"]["id"]
            event = self.peer.expect("/janus/events/sessions", lambda body: body.get("session_id") == session)
            self.assertEqual(json.loads(event.payload)["eventtype"], "Sessions")
            self.peer.expect("/janus/events/transports", lambda body: body["event"]["data"]["event"] == "connected")
            self.assertEqual(server.stop(), 0)
            self.peer.expect("status", lambda body: not body["on"])
            self.peer.expect("/janus/events/status", lambda body: body["event"] == "disconnected")

    def test_mqtt_5_answers_where_the_request_says(self):
        general = self.url + ('mqtt_version = "5"; proxy_transaction_user_properties = [ "tenant" ]; '
                              'add_transaction_user_properties = ( ("server", "one") );')
        with with_mqtt(Server(), general):
            self.subscribed()
            self.peer.ask({"janus": "ping", "transaction": "up"})
            self.peer.send("to-janus", {"janus": "ping", "transaction": "a"}, ResponseTopic="my/answers",
                           CorrelationData=b"\x00\x01", UserProperty=[("tenant", "t1"), ("other", "x")])
            answer = self.peer.expect("my/answers")
            self.assertEqual(json.loads(answer.payload), {"janus": "pong", "transaction": "a"})
            self.assertEqual(answer.properties.CorrelationData, b"\x00\x01")
            self.assertEqual(sorted(answer.properties.UserProperty), [("server", "one"), ("tenant", "t1")])
            # Without a transaction there is no answer; the next request has one.
            self.peer.send("to-janus", {"janus": "ping"})
            self.assertEqual(self.peer.ask({"janus": "ping", "transaction": "b"})["janus"], "pong")
            self.assertEqual(len([m for m in self.peer.messages if b"pong" in m.payload]), 3)

    def test_a_server_that_is_killed_leaves_its_last_wills(self):
        handler = self.url + ('will_enabled = true; will_qos = 1; topic = "my/events"; mqtt_version = "5"; '
                              'add_user_properties = ( ("server", "one"), ("room", "two") ); '
                              'disconnect_status = "{\\"left\\":true}";')
        with with_mqtt(Server(), self.url, handler=handler) as server:
            self.subscribed()
            session = self.peer.ask({"janus": "create", "transaction": "a"})["data"]["id"]
            event = self.peer.expect("my/events/sessions", lambda body: body.get("session_id") == session)
            self.assertEqual(sorted(event.properties.UserProperty), [("room", "two"), ("server", "one")])
            self.peer.expect("my/events/status")
            server.process.kill()
            self.peer.expect("status", lambda body: not body["on"])
            will = self.peer.expect("my/events/status", lambda body: body.get("left"))
            self.assertFalse(will.retain)  # to those who were there; newcomers get it retained
            late = Peer(self.broker)
            self.addCleanup(late.stop)
            self.assertTrue(late.expect("my/events/status", lambda body: body.get("left")).retain)

    def test_a_broker_that_is_killed_in_traffic_is_found_again_and_gets_what_waited(self):
        with with_mqtt(Server(general="session_timeout = 2;"), self.url, handler=self.url) as server:
            self.subscribed()
            session = self.peer.ask({"janus": "create", "transaction": "a"})["data"]["id"]
            self.broker.kill()
            until("the session timed out", lambda: server.admin("", {"janus": "list_sessions"})["sessions"] == [])
            self.assertFalse(self.peer.subscribed.is_set())
            self.broker.start()
            # What waited may have been published before this peer was back; what it asks now is answered.
            self.assertTrue(self.peer.subscribed.wait(15))
            self.assertEqual(until("an answer", lambda: self.try_ping(), 20), "pong")
            session = self.peer.ask({"janus": "create", "transaction": "z"})["data"]["id"]
            self.peer.expect("/janus/events/sessions", lambda body: body.get("session_id") == session)

    def try_ping(self):
        try:
            return self.peer.ask({"janus": "ping", "transaction": "again"}, 1)["janus"]
        except AssertionError:
            return None

    def test_tls_and_a_broker_that_comes_after_the_start(self):
        self.broker.kill()
        tls = (f'url = "ssl://localhost:{self.broker.tls_port}"; ssl_enabled = true; verify_peer = true; '
               f'cacertfile = "{self.broker.folder}/cert.pem";')
        with with_mqtt(Server(), tls) as server:
            self.assertEqual(server.post("", {"janus": "ping"})["janus"], "pong")
            until("it says so", lambda: "No connection to" in server.log())
            self.broker.start()
            self.assertTrue(self.peer.subscribed.wait(15))
            self.assertEqual(until("an answer", lambda: self.try_ping(), 20), "pong")


if __name__ == "__main__":
    unittest.main()
