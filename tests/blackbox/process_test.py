"""The program as an administrator meets it: options, exit codes, background mode, PID and log files, bad input."""
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

from limen_server import PROGRAM, Server, until


def run(*arguments, cwd=None):
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, timeout=20, cwd=cwd, stdin=subprocess.DEVNULL)


class Folder:
    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix="limen-test-"))
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


class CommandLine(unittest.TestCase):
    def test_help_and_version_succeed(self):
        self.assertEqual(run("--help").returncode, 0)
        self.assertIn("--stun-server", run("--help").stdout)
        version = run("-V")
        self.assertEqual(version.returncode, 0)
        self.assertIn("Limen version", version.stdout)

    def test_an_unknown_option_fails_and_is_named(self):
        result = run("-Z")
        self.assertEqual(result.returncode, 1)
        self.assertIn("Unknown option -Z", result.stderr)

    def test_a_missing_file_that_was_asked_for_fails(self):
        with Folder() as folder:
            result = run("-F", str(folder), "-C", str(folder / "none.jcfg"))
        self.assertEqual(result.returncode, 1)
        self.assertIn("none.jcfg", result.stderr)

    def test_a_log_file_that_cannot_be_written_stops_the_start(self):
        with Folder() as folder:
            result = run("-F", str(folder), "-L", str(folder / "none/x.log"))
            self.assertEqual(result.returncode, 1)
            self.assertIn("Log file", result.stderr)
            self.assertFalse((folder / "none").exists())

    def test_a_broken_file_stops_the_start_with_file_line_and_reason(self):
        with Folder() as folder:
            (folder / "janus.jcfg").write_text("general: {\n  debug_level = \n}\n")
            result = run("-F", str(folder))
            self.assertEqual(result.returncode, 1)
            self.assertIn("janus.jcfg:3: syntax error", result.stderr)

    def test_an_unreachable_stun_server_stops_the_start_unless_ignored(self):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
            silent.bind(("127.0.0.1", 0))
            with Folder() as folder:
                result = run("-F", str(folder), "-S", f"127.0.0.1:{silent.getsockname()[1]}")
        self.assertEqual(result.returncode, 1)
        self.assertIn("STUN server", result.stdout + result.stderr)

    def test_no_transport_is_an_error(self):
        with Folder() as folder:
            result = run("-F", str(folder))
        self.assertEqual(result.returncode, 1)


class CheckConfig(unittest.TestCase):
    def test_debian_s_own_folder_is_usable(self):
        if not os.path.exists("/etc/janus/janus.jcfg"):
            self.skipTest("the reference server's configuration is not installed")
        result = run("-F", "/etc/janus", "--check-config")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertIn("are not loaded", result.stdout)

    def test_the_samples_are_without_any_warning(self):
        samples = pathlib.Path(__file__).resolve().parent.parent.parent / "conf"
        result = run("-F", str(samples), "--check-config")
        self.assertEqual(result.returncode, 0, result.stdout)
        self.assertNotIn("warning", result.stdout)

    def test_mistakes_are_named_with_file_and_line(self):
        with Folder() as folder:
            (folder / "janus.jcfg").write_text('general: {\n  sesion_timeout = 3\n  debug_level = "loud"\n}\n')
            (folder / "janus.transport.http.jcfg").write_text("general: {\n  http = true\n  prot = 99\n}\n")
            (folder / "janus.plugin.echotest.jcfg").write_text("general: {\n")
            result = run("-F", str(folder), "--check-config")
        self.assertEqual(result.returncode, 1)
        self.assertIn("janus.jcfg:2: unknown key 'sesion_timeout' (did you mean 'session_timeout'?)", result.stdout)
        self.assertIn("janus.transport.http.jcfg:3: unknown key 'prot' (did you mean 'port'?)", result.stdout)
        self.assertIn("error:   ", result.stdout)
        self.assertIn("janus.plugin.echotest.jcfg:", result.stdout)


class Process(unittest.TestCase):
    def test_term_and_int_end_with_zero(self):
        for sig in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                self.assertEqual(server.stop(sig), 0)
                self.assertIn("Bye!", server.log())

    def test_a_second_start_on_the_same_pid_file_fails(self):
        with Folder() as folder:
            pid_file = folder / "limen.pid"
            with Server("-p", str(pid_file)) as server:
                self.assertEqual(int(pid_file.read_text()), server.process.pid)
                second = run("-F", str(server.folder / "conf"), "-p", str(pid_file))
                self.assertEqual(second.returncode, 1)
                self.assertIn("another process holds it", second.stdout + second.stderr)
                server.stop()
            self.assertFalse(pid_file.exists())

    def test_background_mode_reports_success_and_failure(self):
        with Folder() as folder:
            pid_file, log = folder / "limen.pid", folder / "limen.log"
            server = Server(wait=False)
            try:
                conf = str(server.folder / "conf")
                started = run("-b", "-F", conf, "-p", str(pid_file), "-L", str(log))
                self.assertEqual(started.returncode, 0, started.stderr)
                pid = int(pid_file.read_text())
                failed = run("-b", "-F", conf, "-p", str(pid_file))
                self.assertEqual(failed.returncode, 1)
                self.assertIn("error code 1", failed.stderr)
                os.kill(pid, signal.SIGTERM)
                until("the daemon ends", lambda: not pid_file.exists())
                self.assertIn("Bye!", log.read_text())
            finally:
                shutil.rmtree(server.folder, ignore_errors=True)

    def test_the_log_file_is_reopened_on_the_signal(self):
        with Folder() as folder:
            log = folder / "limen.log"
            with Server("-L", str(log), "-R", "SIGHUP") as server:
                until("the log is there", log.exists)
                log.rename(folder / "limen.log.1")
                server.process.send_signal(signal.SIGHUP)
                until("a new log file", log.exists)
                server.post("", {"janus": "create"})
                until("new lines in it", lambda: "session" in log.read_text())
                self.assertEqual(server.stop(), 0)

    def test_colours_can_be_turned_off_and_secrets_stay_out_of_the_log(self):
        with Server("-o", "-d", "7", "-a", "verysecret") as server:
            server.post("", {"janus": "create", "apisecret": "verysecret"})
            self.assertEqual(server.post("", {"janus": "create", "apisecret": "wrong"})["error"]["code"], 403)
            server.stop()
            self.assertNotIn("\x1b[", server.log())
            self.assertNotIn("verysecret", server.log())


class BadInput(unittest.TestCase):
    def test_nothing_from_the_network_stops_the_server(self):
        with Server() as server:
            session = server.post("", {"janus": "create"})["data"]["id"]
            media = int(server.log().split(" port")[1].split()[1].strip(","))
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                address = server.post("", {"janus": "info"})["local-ip"]
                for first in range(256):
                    udp.sendto(bytes([first]) + os.urandom(60), (address, media))
                udp.sendto(b"\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12), (address, media))
                udp.settimeout(0.3)
                with self.assertRaises(socket.timeout, msg="an unknown sender got an answer"):
                    udp.recv(2048)
            for garbage in (b"\x00" * 100, b"GET / HTTP/9.9\r\n\r\n", b"POST /janus HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n",
                            b"\x16\x03\x01" + os.urandom(200), b"GET /" + b"a" * 70000 + b" HTTP/1.1\r\n\r\n"):
                for port in (server.port, server.ws_port):
                    with socket.create_connection(("127.0.0.1", port), timeout=5) as tcp:
                        tcp.sendall(garbage)
                        tcp.shutdown(socket.SHUT_WR)
                        try:
                            while tcp.recv(4096):
                                pass
                        except ConnectionResetError:
                            pass
            deep = json.loads(json.dumps(server.post("", {"janus": "ping"})))
            self.assertEqual(deep["janus"], "pong")
            self.assertEqual(server.post(f"/{session}", {"janus": "keepalive"})["janus"], "ack")
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
