"""RabbitMQ: requests, events and the admin API through a real broker that is killed and comes back."""
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import pika

from limen_server import Server, free_port, until

PROGRAM = "/usr/lib/rabbitmq/bin/rabbitmq-server"


class Broker:
    """A private broker: own node name, ports, folders and name service."""

    def __init__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limen-rabbitmq-"))
        self.port, self.epmd_port, self.dist_port = free_port(), free_port(), free_port()
        self.tls_port = free_port()
        (self.folder / "plugins").write_text("[].")
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                        "-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
                        "-keyout", self.folder / "key.pem", "-out", self.folder / "cert.pem"], check=True, capture_output=True)
        (self.folder / "rabbitmq.conf").write_text(
            f"listeners.ssl.1 = 127.0.0.1:{self.tls_port}\nssl_options.certfile = {self.folder}/cert.pem\n"
            f"ssl_options.keyfile = {self.folder}/key.pem\nssl_options.verify = verify_none\n")
        self.epmd = subprocess.Popen(["epmd", "-address", "127.0.0.1", "-port", str(self.epmd_port)],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.process = None

    def start(self):
        names = {"HOME": self.folder, "ERL_EPMD_PORT": self.epmd_port, "ERL_EPMD_ADDRESS": "127.0.0.1",
                 "RABBITMQ_NODENAME": f"limen{self.port}@localhost", "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1",
                 "RABBITMQ_NODE_PORT": self.port, "RABBITMQ_DIST_PORT": self.dist_port,
                 "RABBITMQ_MNESIA_BASE": self.folder / "data", "RABBITMQ_LOG_BASE": self.folder / "log",
                 "RABBITMQ_LOGS": "-", "RABBITMQ_ENABLED_PLUGINS_FILE": self.folder / "plugins",
                 "RABBITMQ_CONFIG_FILE": self.folder / "rabbitmq.conf", "RABBITMQ_CONF_ENV_FILE": self.folder / "none.env"}
        with open(self.folder / "output.log", "ab") as log:
            self.process = subprocess.Popen([PROGRAM], stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                            start_new_session=True,
                                            env={**os.environ, **{key: str(value) for key, value in names.items()}})

    def kill(self):
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def connect(self):
        def attempt():
            try:
                return pika.BlockingConnection(pika.ConnectionParameters("127.0.0.1", self.port, heartbeat=0))
            except (pika.exceptions.AMQPError, OSError):
                return None
        return until("the broker takes connections", attempt, 40)

    def stop(self):
        self.kill()
        self.epmd.terminate()
        self.epmd.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


class Application:
    """The other side of the queues."""

    def __init__(self, broker):
        self.channel = broker.connect().channel()
        for queue in ("to-janus", "to-janus-admin", "from-janus", "from-janus-admin", "events"):
            self.channel.queue_declare(queue)

    def send(self, message, to="to-janus", correlation=None):
        self.channel.basic_publish("", to, json.dumps(message) if isinstance(message, dict) else message,
                                   pika.BasicProperties(correlation_id=correlation))

    def get(self, queue="from-janus"):
        method, properties, body = self.channel.basic_get(queue, auto_ack=True)
        return (json.loads(body), properties) if method else None

    def ask(self, message, correlation=None, to="to-janus", queue="from-janus"):
        self.send(message, to, correlation)
        def mine():
            got = self.get(queue)
            return got if got and got[0].get("transaction") == message["transaction"] else None
        return until(f"the answer to {message}", mine)


class RabbitMq(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.broker = Broker()
        cls.addClassCleanup(cls.broker.stop)
        cls.broker.start()
        cls.app = Application(cls.broker)
        cls.server = Server(general="session_timeout = 3;")
        conf = cls.server.folder / "conf"
        main = conf / "janus.jcfg"
        main.write_text(main.read_text() + "events: { broadcast = true; }\n")
        (conf / "janus.transport.rabbitmq.jcfg").write_text(
            f'general: {{ enabled = true; host = "127.0.0.1"; port = {cls.broker.port}; to_janus = "to-janus"; '
            'from_janus = "from-janus"; heartbeat = 2; }\n'
            'admin: { admin_enabled = true; to_janus_admin = "to-janus-admin"; from_janus_admin = "from-janus-admin"; }\n')
        (conf / "janus.eventhandler.rabbitmqevh.jcfg").write_text(
            f'general: {{ enabled = true; events = "all"; host = "127.0.0.1"; port = {cls.broker.port}; '
            'route_key = "events"; }\n')
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__)

    def test_1_requests_are_answered_with_their_correlation(self):
        reply, properties = self.app.ask({"janus": "ping", "transaction": "a"}, "number 7")
        self.assertEqual(reply, {"janus": "pong", "transaction": "a"})
        self.assertEqual(properties.correlation_id, "number 7")
        self.assertEqual(properties.reply_to, "Janus")
        self.assertEqual(properties.content_type, "application/json")
        info, properties = self.app.ask({"janus": "info", "transaction": "b"})
        self.assertIn("janus.transport.rabbitmq", info["transports"])
        self.assertIsNone(properties.correlation_id)

    def test_2_what_is_no_json_is_an_error_and_a_large_request_is_served(self):
        self.app.send("{nonsense")
        got = until("an answer", self.app.get)
        self.assertEqual(got[0]["error"]["code"], 454)
        reply, _ = self.app.ask({"janus": "ping", "transaction": "big", "filler": "x" * 300_000})
        self.assertEqual(reply["janus"], "pong")

    def test_3_the_admin_api_has_its_own_queues(self):
        reply, _ = self.app.ask({"janus": "list_sessions", "transaction": "c", "admin_secret": "blackbox"},
                                to="to-janus-admin", queue="from-janus-admin")
        self.assertEqual(reply["janus"], "success")
        reply, _ = self.app.ask({"janus": "list_sessions", "transaction": "d", "admin_secret": "blackbox"})
        self.assertEqual(reply["janus"], "error")

    def test_4_events_are_published_as_arrays(self):
        created, _ = self.app.ask({"janus": "create", "transaction": "e"})
        def seen():
            got = self.app.get("events")
            return got and [event for event in got[0] if event.get("session_id") == created["data"]["id"]]
        event = until("the event of the session", seen)[0]
        self.assertEqual(event["event"]["name"], "created")
        self.assertEqual(event["event"]["transport"]["transport"], "janus.transport.rabbitmq")

    def test_5_topics_over_tls(self):
        channel = self.broker.connect().channel()
        channel.exchange_declare("janus-topics", "topic")
        answers = channel.queue_declare("", exclusive=True).method.queue
        channel.queue_bind(answers, "janus-topics", "janus.answers.one")
        server = Server()
        (server.folder / "conf/janus.transport.rabbitmq.jcfg").write_text(
            f'general: {{ enabled = true; host = "localhost"; port = {self.broker.tls_port}; ssl_enabled = true; '
            f'ssl_verify_peer = true; ssl_verify_hostname = true; ssl_cacert = "{self.broker.folder}/cert.pem"; '
            'janus_exchange = "janus-topics"; janus_exchange_type = "topic"; queue_name = "janus-one"; '
            'queue_autodelete = true; declare_outgoing_queue = false; '
            'to_janus = "janus.requests.one"; from_janus = "janus.answers.one"; }\n')
        with server:
            channel.basic_publish("janus-topics", "janus.requests.one", '{"janus":"ping","transaction":"t"}')
            body = until("the answer", lambda: channel.basic_get(answers, auto_ack=True)[2])
            self.assertEqual(json.loads(body)["janus"], "pong")

    def test_6_a_broker_that_is_killed_in_traffic_misses_no_event_of_a_session(self):
        created, _ = self.app.ask({"janus": "create", "transaction": "f"})
        session = created["data"]["id"]
        self.broker.kill()
        # It times out while nobody can be told.
        until("the timeout", lambda: f"{session}" in "".join(
            line for line in self.server.log().splitlines() if "imeout" in line or "estroy" in line), 15)
        self.assertEqual(self.server.post("", {"janus": "ping"})["janus"], "pong")
        self.broker.start()
        type(self).app = Application(self.broker)
        def timed_out():
            got = self.app.get()
            return got and got[0].get("janus") == "timeout" and got[0].get("session_id") == session
        until("the timeout event after the outage", timed_out, 30)
        reply, _ = self.app.ask({"janus": "ping", "transaction": "after"})
        self.assertEqual(reply["janus"], "pong")

    def test_7_a_broker_that_is_not_there_at_the_start_costs_only_this_transport(self):
        server = Server()
        (server.folder / "conf/janus.transport.rabbitmq.jcfg").write_text(
            f'general: {{ enabled = true; host = "127.0.0.1"; port = {free_port()}; to_janus = "a"; from_janus = "b"; }}\n')
        started = time.monotonic()
        with server:
            self.assertLess(time.monotonic() - started, 30)
            self.assertNotIn("janus.transport.rabbitmq", server.post("", {"janus": "info"})["transports"])
            self.assertIn("no connection to RabbitMQ", server.log())


if __name__ == "__main__":
    unittest.main()
