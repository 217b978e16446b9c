"""--doctor names the fault in prepared broken setups, says what to do, and has an exit code for scripts."""
import datetime
import pathlib
import shutil
import socket
import subprocess
import tempfile
import threading
import unittest

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from limen_server import PROGRAM, free_port


def stun_answer(request, address):
    """A Binding success with XOR-MAPPED-ADDRESS (RFC 8489)."""
    port = (address[1] ^ 0x2112).to_bytes(2, "big")
    ip = bytes(a ^ b for a, b in zip(socket.inet_aton(address[0]), b"\x21\x12\xa4\x42"))
    return b"\x01\x01\x00\x0c\x21\x12\xa4\x42" + request[8:20] + b"\x00\x20\x00\x08\x00\x01" + port + ip


class Setup:
    """A configuration folder that is fine, before something in it is broken."""

    def __enter__(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="limen-doctor-"))
        self.http = free_port()
        self.write()
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.folder, ignore_errors=True)

    def write(self, general="", nat="", media="", certificates=""):
        (self.folder / "janus.jcfg").write_text(
            f"general: {{ event_loops = 2; {general} }}\ncertificates: {{ {certificates} }}\nmedia: {{ {media} }}\nnat: {{ {nat} }}\n")
        (self.folder / "janus.transport.http.jcfg").write_text(
            f'general: {{ http = true; port = {self.http}; ip = "127.0.0.1"; }}\n')
        (self.folder / "janus.plugin.recordplay.jcfg").write_text(f'general: {{ path = "{self.folder}"; }}\n')

    def examine(self, *arguments, prefix=()):
        return subprocess.run([*prefix, PROGRAM, "-F", str(self.folder), "--doctor", *arguments], capture_output=True,
                              text=True, timeout=20, stdin=subprocess.DEVNULL)

    def certificate(self, name, expires_in_days=365):
        files = self.folder / f"{name}.pem", self.folder / f"{name}.key"
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        now = datetime.datetime.now(datetime.timezone.utc)
        made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
                .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=400))
                .not_valid_after(now + datetime.timedelta(days=expires_in_days)).sign(key, hashes.SHA256()))
        files[0].write_bytes(made.public_bytes(serialization.Encoding.PEM))
        files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                               serialization.NoEncryption()))
        return files


class Doctor(unittest.TestCase):
    def assert_problem(self, result, area, text):
        self.assertEqual(result.returncode, 1, result.stdout + result.stderr)
        lines = [line for line in result.stdout.splitlines() if line.startswith("PROBLEM")]
        self.assertTrue(any(area in line and text in line for line in lines), result.stdout)
        self.assertIn("         -> ", result.stdout)

    def test_a_setup_without_faults_has_no_problems(self):
        with Setup() as setup:
            setup.write(media='rtp_port_range = "21000-22000";', nat='nat_1_1_mapping = "203.0.113.7";')
            result = setup.examine()
        self.assertIn(result.returncode, (0, 2), result.stdout)
        self.assertNotIn("PROBLEM", result.stdout)
        self.assertIn("clients are told 203.0.113.7", result.stdout)
        self.assertIn(f"HTTP port {setup.http}: free", result.stdout)

    def test_a_port_that_another_program_has(self):
        with Setup() as setup, socket.socket() as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            other.bind(("127.0.0.1", setup.http))
            other.listen()
            self.assert_problem(setup.examine(), f"HTTP port {setup.http}", "cannot be opened")

    def test_a_key_of_another_certificate(self):
        with Setup() as setup:
            one, other = setup.certificate("one"), setup.certificate("other")
            setup.write(certificates=f'cert_pem = "{one[0]}"; cert_key = "{other[1]}";')
            self.assert_problem(setup.examine(), "DTLS certificate", "one.pem")

    def test_an_expired_certificate(self):
        with Setup() as setup:
            pem, key = setup.certificate("old", expires_in_days=-3)
            setup.write(certificates=f'cert_pem = "{pem}"; cert_key = "{key}";')
            self.assert_problem(setup.examine(), "DTLS certificate", "expired 3 days ago")

    def test_a_stun_server_that_is_not_there(self):
        with Setup() as setup, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gone:
            gone.bind(("127.0.0.1", 0))
            port = gone.getsockname()[1]
            gone.close()
            setup.write(nat=f'stun_server = "127.0.0.1"; stun_port = {port};')
            self.assert_problem(setup.examine(), "STUN server", "does not help")

    def test_too_few_media_ports(self):
        with Setup() as setup:
            setup.write(media='rtp_port_range = "21000-21000";')
            self.assert_problem(setup.examine(), "media ports", "21000")

    def test_a_single_port_that_another_program_has(self):
        with Setup() as setup, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            # A program that would share it is in the way, too: the two would steal each other's datagrams.
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            other.bind(("0.0.0.0", 0))
            port = other.getsockname()[1]
            setup.write(media=f"single_port = {port};")
            self.assert_problem(setup.examine(), "media ports", f"single_port {port}: cannot bind")
            other.close()
            self.assertIn(f"UDP, port {port} for all 2 media threads: free", setup.examine().stdout)

    def test_a_mapping_to_a_wrong_address(self):
        with Setup() as setup, StunServer("198.51.100.9") as stun:
            setup.write(nat=f'nat_1_1_mapping = "203.0.113.7"; stun_server = "127.0.0.1"; stun_port = {stun.port};')
            self.assert_problem(setup.examine(), "addresses", "does not name 198.51.100.9")

    def test_the_mapping_can_come_from_the_stun_server(self):
        with Setup() as setup, StunServer("198.51.100.9") as stun:
            setup.write(nat=f'nat_1_1_by_stun = true; stun_server = "127.0.0.1"; stun_port = {stun.port};')
            result = setup.examine()
        self.assertIn("this machine is seen as 198.51.100.9", result.stdout)
        self.assertNotIn("PROBLEM", result.stdout)

    def test_a_file_that_cannot_be_read(self):
        with Setup() as setup:
            (setup.folder / "janus.jcfg").write_text("general: {\n  debug_level = \n}\n")
            result = setup.examine()
        self.assertEqual(result.returncode, 1)
        self.assertIn("janus.jcfg:3: syntax error", result.stdout)

    def test_few_open_files_are_a_warning(self):
        with Setup() as setup:
            setup.write(media='rtp_port_range = "21000-22000";', nat='nat_1_1_mapping = "203.0.113.7";')
            result = setup.examine(prefix=("prlimit", "--nofile=256:256"))
        self.assertEqual(result.returncode, 2, result.stdout)
        self.assertIn("warning  open files: 256", result.stdout)


class StunServer:
    """Sees everybody at one address."""

    def __init__(self, address):
        self.address = address

    def __enter__(self):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.thread = threading.Thread(target=self._serve)
        self.thread.start()
        return self

    def __exit__(self, *_):
        # An empty datagram to itself ends the loop.
        self.socket.sendto(b"", ("127.0.0.1", self.port))
        self.thread.join()
        self.socket.close()

    def _serve(self):
        while True:
            request, sender = self.socket.recvfrom(2048)
            if not request:
                return
            self.socket.sendto(stun_answer(request, (self.address, sender[1])), sender)


if __name__ == "__main__":
    unittest.main()
