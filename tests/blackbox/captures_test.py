"""Captures of the Admin API, read with Wireshark's own tools: tshark and text2pcap."""
import asyncio
import collections
import pathlib
import subprocess
import unittest

from echo_peer import EchoPeer
from limen_server import Server, until_async

INCOMING, OUTGOING = ("10.1.1.1", 1000, "10.2.2.2", 2000), ("10.2.2.2", 2000, "10.1.1.1", 1000)


def tshark(file, *fields, where=""):
    """One tuple of texts per frame; RTP is told to be RTP, as nothing in a capture says so."""
    command = ["tshark", "-n", "-r", str(file), "-d", "udp.port==1000,rtp", "-o", "rtp.heuristic_rtp:TRUE", "-T", "fields", "-E", "separator=;"]
    for field in fields:
        command += ["-e", field]
    if where:
        command += ["-Y", where]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split(";")) for line in done.stdout.splitlines()]


class Captures(unittest.TestCase):
    def capture(self, verb, name, **more):
        """Captures until both directions have media: (its file, the handle's SSRCs from handle_info)."""
        async def scenario():
            async with EchoPeer(self.server) as peer:
                await peer.call()
                await until_async("pictures come back", lambda: peer.video_frames > 5, 30)
                path = f"/{peer.session}/{peer.handle}"
                folder = str(self.server.folder)
                answer = self.server.admin(path, {"janus": f"start_{verb}", "folder": folder, "filename": name, **more})
                self.assertEqual(answer["janus"], "success", answer)
                self.assertNotIn("session_id", answer)
                again = self.server.admin(path, {"janus": f"start_{verb}", "folder": folder, "filename": "other"})
                self.assertEqual(again["error"]["code"], 490)
                before = peer.video_frames
                await until_async("more pictures, and a report", lambda: peer.video_frames > before + 40, 30)
                info = self.server.admin(path, {"janus": "handle_info"})["info"]
                self.assertEqual(self.server.admin(path, {"janus": f"stop_{verb}"})["janus"], "success")
                self.assertEqual(self.server.admin(path, {"janus": f"stop_{verb}"})["error"]["reason"], "Capture not started")
                return self.server.folder / name, info
        return asyncio.run(asyncio.wait_for(scenario(), 100))

    @classmethod
    def setUpClass(cls):
        cls.server = Server()
        cls.server.__enter__()
        cls.addClassCleanup(cls.server.__exit__, None, None, None)

    def ssrcs(self, info):
        """{"in": {...}, "out": {...}} of the media, as the server tells them."""
        found = {"in": set(), "out": set()}
        for line in info["webrtc"]["media"].values():
            found["in"].add(line["ssrc"]["ssrc-peer"])
            found["out"].add(line["ssrc"]["ssrc"])
        return found

    def check_media(self, file, info):
        frames = tshark(file, "ip.src", "udp.srcport", "ip.dst", "udp.dstport", "rtp.ssrc", "rtp.seq", where="rtp && !rtcp")
        seen = collections.defaultdict(list)
        for source, source_port, target, target_port, ssrc, sequence in frames:
            way = (source, int(source_port), target, int(target_port))
            self.assertIn(way, (INCOMING, OUTGOING))
            seen["in" if way == INCOMING else "out", int(ssrc, 0)].append(int(sequence))
        told = self.ssrcs(info)
        for way in ("in", "out"):
            here = {ssrc for direction, ssrc in seen if direction == way}
            self.assertLessEqual(told[way], here, (way, told, here))
        self.assertGreater(max(len(numbers) for numbers in seen.values()), 30)
        # Plain RTP: the payload types are the negotiated ones, and tshark finds nothing wrong with it.
        types = {kind for (kind,) in tshark(file, "rtp.p_type", where="rtp && !rtcp")}
        self.assertLessEqual(types, {str(number) for number in range(0, 128)})
        self.assertEqual(tshark(file, "frame.number", where="_ws.malformed && rtp"), [])
        return frames

    def test_pcap_is_what_wireshark_reads(self):
        file, info = self.capture("pcap", "whole.pcap")
        self.check_media(file, info)
        reports = tshark(file, "rtcp.pt", where="rtcp")
        self.assertTrue(reports, "no RTCP in the capture")
        described = subprocess.run(["capinfos", "-E", "-c", str(file)], capture_output=True, text=True, timeout=30)
        self.assertIn("Ethernet", described.stdout)
        times = [float(time) for (time,) in tshark(file, "frame.time_epoch")]
        self.assertTrue(all(b - a > -0.05 for a, b in zip(times, times[1:])), "times run backwards")
        self.assertLess(times[-1] - times[0], 60)

    def test_truncated_packets_say_how_long_they_were(self):
        file, _ = self.capture("pcap", "short.pcap", truncate=20)
        lengths = tshark(file, "frame.len", "frame.cap_len")
        self.assertTrue(any(int(whole) > int(kept) for whole, kept in lengths))
        self.assertTrue(all(int(kept) <= 14 + 20 + 8 + 20 for _, kept in lengths), lengths[:5])

    def test_text2pcap_turns_the_text_into_a_capture(self):
        file, info = self.capture("text2pcap", "calls.txt")
        text = file.read_bytes()
        lines = text.split(b"\r\n")
        self.assertEqual(lines[-1], b"")
        for line in lines[:-1]:
            self.assertRegex(line.decode(), r"^[IO] \d\d:\d\d:\d\d\.\d{6} 000000 ( [0-9a-f]{2})+ JANUS_TEXT2PCAP_(RTP|RTCP|DATA) \[session=\d+\]\[handle=\d+\]$")
        target = pathlib.Path(self.server.folder) / "text.pcap"
        done = subprocess.run(["text2pcap", "-D", "-t", "%H:%M:%S.%f", "-4", "10.1.1.1,10.2.2.2", "-u", "1000,2000", str(file), str(target)],
                              capture_output=True, text=True, timeout=30)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(len(tshark(target, "frame.number")), len(lines) - 1)
        media = {int(ssrc, 0) for (ssrc,) in tshark(target, "rtp.ssrc", where="rtp && !rtcp")}
        told = self.ssrcs(info)
        self.assertLessEqual(told["in"] | told["out"], media)


if __name__ == "__main__":
    unittest.main()
