"""TURN against a real coturn: relayed candidates over UDP, TCP and TLS, the TURN REST API, force_relay, wrong
credentials, and what --doctor says of them; peers are aiortc and, with its relay-only policy, Chromium."""
import asyncio
import datetime
import ipaddress
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import unittest

from aiortc import RTCSessionDescription
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from echo_peer import EchoPeer
from limen_server import PROGRAM, ROOT, Server, until, until_async
from turn_servers import Coturn, TurnRest, WHY_NOT


def machine_address():
    """The address by which this machine would leave; loopback without a network."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return probe.getsockname()[0]


ADDRESS = machine_address()


class RelayedPeer(EchoPeer):
    """Asks the server to use nothing but its relay."""

    async def negotiate(self):
        await self.pc.setLocalDescription(await self.pc.createOffer())
        jsep = {"type": "offer", "sdp": self.pc.localDescription.sdp, "force_relay": True}
        reply = await self.request({"janus": "message", "body": {"audio": True, "video": True}, "jsep": jsep})
        self.answer = reply["jsep"]["sdp"]
        await self.pc.setRemoteDescription(RTCSessionDescription(self.answer, reply["jsep"]["type"]))


def certificate(folder):
    """A self-signed one for this machine's address: its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "turn")])
    now = datetime.datetime.now(datetime.timezone.utc)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=2))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(ADDRESS))]), False)
            .sign(key, hashes.SHA256()))
    files = folder / "turn.pem", folder / "turn.key"
    files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                           serialization.NoEncryption()))
    return files


def nat(turn, kind="udp", password=None, more=""):
    port = turn.tls_port if kind == "tls" else turn.port
    return (f'turn_server = "{turn.address}"; turn_port = {port}; turn_type = "{kind}"; turn_user = "{turn.user}"; '
            f'turn_pwd = "{password or turn.password}"; allow_force_relay = true; {more}')


async def relayed_call(server, frames=30):
    """The handle's ICE part, after so many pictures over the relay."""
    async with RelayedPeer(server) as peer:
        await peer.call()
        await until_async(f"{frames} pictures over the relay", lambda: peer.video_frames > frames, 30)
        info = server.admin(f"/{peer.session}/{peer.handle}", {"janus": "handle_info"})
        return peer.answer, info["info"]["webrtc"]["ice"]


def run(coroutine, limit=60):
    return asyncio.run(asyncio.wait_for(coroutine, limit))


@unittest.skipIf(WHY_NOT, WHY_NOT)
class Turn(unittest.TestCase):
    def assert_relayed(self, answer, ice):
        candidates = [line for line in answer.splitlines() if line.startswith("a=candidate:")]
        self.assertTrue(candidates)
        for line in candidates:
            self.assertIn("typ relay", line)
        self.assertIn("relay", ice["selected-pair"].split("<->")[0])
        self.assertNotIn("relay-failures", ice)

    def call_through(self, turn, kind, more=""):
        with Server(nat=nat(turn, kind, more=more)) as server:
            until("the relay was tried at start", lambda: "relays, at" in server.log())
            began = time.monotonic()
            answer, ice = run(relayed_call(server))
            print(f"{kind}: 30 pictures {time.monotonic() - began:.1f} s after the start of the call")
            self.assert_relayed(answer, ice)
            until("the allocation was given back", lambda: "lifetime=0" in turn.said())
            self.assertEqual(server.stop(), 0)

    def test_media_flow_through_a_relay_over_udp(self):
        with Coturn(ADDRESS) as turn:
            self.call_through(turn, "udp")
            # Media go by channel, not by indication.
            self.assertIn("CHANNEL_BIND processed, success", turn.said())

    def test_media_flow_through_a_relay_over_tcp(self):
        with Coturn(ADDRESS) as turn:
            self.call_through(turn, "tcp")

    def test_media_flow_through_a_relay_over_tls(self):
        with tempfile.TemporaryDirectory() as folder:
            files = certificate(pathlib.Path(folder))
            with Coturn(ADDRESS, certificate=files) as turn:
                self.call_through(turn, "tls", more="turn_tls_verify = false;")
                # By default its certificate must lead to an authority of the system.
                with Server(nat=nat(turn, "tls")) as server:
                    until("refused", lambda: "certificate is not accepted" in server.log())
                os.environ["SSL_CERT_FILE"] = str(files[0])
                try:
                    self.call_through(turn, "tls")
                finally:
                    del os.environ["SSL_CERT_FILE"]

    def test_a_wrong_password_is_said_at_start_in_the_handle_and_by_the_doctor(self):
        async def scenario(server):
            async with RelayedPeer(server) as peer:
                try:
                    await peer.call()
                except Exception:  # aiortc may refuse a description without candidates
                    pass
                await until_async("ICE failed", lambda: peer.event("hangup"), 20)
                self.assertEqual(peer.event("hangup")["reason"], "ICE failed")
                self.assertNotIn("a=candidate:", peer.answer)

        with Coturn(ADDRESS) as turn:
            with Server(nat=nat(turn, password="guess")) as server:
                until("said at start", lambda: "gives no relay: it refuses the user name or password" in server.log())
                run(scenario(server))
                self.assertIn("No relay of the TURN server", server.log())
                self.assertNotIn("guess", server.log())
            with tempfile.TemporaryDirectory() as folder:
                lines = self.doctor(folder, nat(turn, password="guess"), 1)
                self.assertTrue(any(line.startswith("PROBLEM  TURN server") and "user name or password" in line
                                    for line in lines), lines)
                lines = self.doctor(folder, nat(turn), None)
                self.assertTrue(any("TURN server" in line and "accepts the credentials" in line for line in lines), lines)
                turn.stop()
                lines = self.doctor(folder, nat(turn), 1)
                self.assertTrue(any(line.startswith("PROBLEM  TURN server") for line in lines), lines)

    def doctor(self, folder, nat_lines, code):
        (pathlib.Path(folder) / "janus.jcfg").write_text(f"general: {{ event_loops = 1; }}\nnat: {{ {nat_lines} }}\n")
        done = subprocess.run([PROGRAM, "-F", folder, "--doctor"], capture_output=True, text=True, timeout=60,
                              stdin=subprocess.DEVNULL)
        if code is not None:
            self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        return done.stdout.splitlines()

    def test_the_rest_api_gives_credentials_for_each_peer_connection(self):
        with Coturn(ADDRESS) as turn:
            reply = {"username": turn.user, "password": turn.password, "ttl": 600,
                     "uris": [f"turn:{turn.address}:{turn.port}?transport=udp"]}
            lines = 'turn_rest_api = "{}"; turn_rest_api_key = "a key"; turn_rest_api_method = "{}"; allow_force_relay = true;'
            for method in ("GET", "POST"):
                with TurnRest(reply) as rest, Server(nat=lines.format(rest.url, method)) as server:
                    answer, ice = run(relayed_call(server))
                    self.assert_relayed(answer, ice)
                    self.assertEqual(len(rest.asked), 1)
                    asked = rest.asked[0]
                    self.assertEqual((asked["method"], asked["agent"]), (method, "Janus/1.0"))
                    self.assertTrue(asked["query"].startswith("service=turn&api=a%20key&key=a%20key&username="), asked)
                    self.assertEqual(asked["body"], asked["query"] if method == "POST" else "")

    def test_a_rest_api_that_fails_leaves_the_static_server(self):
        with Coturn(ADDRESS) as turn, TurnRest("not JSON", 500) as rest:
            with Server(nat=nat(turn, more=f'turn_rest_api = "{rest.url}";')) as server:
                _, ice = run(relayed_call(server))
                self.assertIn("relay", ice["selected-pair"].split("<->")[0])
                self.assertEqual(ice["relay-failures"], [{"server": "TURN REST API", "reason": "it answers HTTP 500"}])

    def test_chromium_with_its_relay_only_policy_sees_itself(self):
        with Coturn(ADDRESS) as turn:
            settings = {"turn_server": turn.address, "turn_port": turn.port, "turn_user": turn.user, "turn_pwd": turn.password}
            ice = {"urls": f"turn:{turn.address}:{turn.port}?transport=udp", "username": turn.user, "credential": turn.password}
            script = pathlib.Path(__file__).parent / "support" / "echo_relayed.mjs"
            done = subprocess.run(["node", str(script)], cwd=ROOT, capture_output=True, text=True, timeout=120,
                                  env={**os.environ, "NAT": json.dumps(settings), "ICE": json.dumps(ice)})
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            figures = json.loads(done.stdout.splitlines()[-1])
            self.assertGreater(figures["frames"], 30)
            self.assertEqual(figures["localType"], "relay")


if __name__ == "__main__":
    unittest.main()
