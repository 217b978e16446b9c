"""URL mountpoints: ffmpeg pushes by SRT and RTMP to listeners, a file and an HLS playlist are pulled."""
import asyncio
import functools
import http.server
import subprocess
import tempfile
import threading
import unittest

from limen_server import Server, free_port, until_async
from streaming_viewer import Viewer, until_listed

SOURCE = ["-f", "lavfi", "-i", "testsrc=size=160x120:rate=15", "-f", "lavfi", "-i", "sine=440:sample_rate=44100"]
H264 = ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "15", "-pix_fmt", "yuv420p"]


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 90))


class Encoder:
    """ffmpeg in real time until the block ends; called again while nobody listens yet."""

    def __init__(self, *output):
        self.command = ["ffmpeg", "-v", "error", "-re", *SOURCE, *H264, "-c:a", "aac", *output]

    async def __aenter__(self):
        self.task = asyncio.create_task(self.push())
        return self

    async def push(self):
        while True:
            self.process = await asyncio.create_subprocess_exec(*self.command, stderr=asyncio.subprocess.DEVNULL)
            try:
                await self.process.wait()
            finally:
                if self.process.returncode is None:
                    self.process.kill()
                    await self.process.wait()
            await asyncio.sleep(0.2)

    async def __aexit__(self, *_):
        self.task.cancel()
        await asyncio.gather(self.task, return_exceptions=True)


async def create(viewer, mountpoint, url, **more):
    created = await viewer.ask(request="create", type="url", id=mountpoint, url=url, **more)
    assert created.get("streaming") == "created", created


class Ingest(unittest.TestCase):
    def test_encoders_push_by_srt_and_rtmp_and_may_come_back(self):
        async def scenario(server):
            srt, rtmp = free_port(), free_port()
            async with Viewer(server) as one, Viewer(server) as two:
                await create(one, 1, f"srt://127.0.0.1:{srt}", listen=True)
                await create(one, 2, f"rtmp://127.0.0.1:{rtmp}/live/key", listen=True)
                async with Encoder("-f", "mpegts", f"srt://127.0.0.1:{srt}"), \
                        Encoder("-f", "flv", f"rtmp://127.0.0.1:{rtmp}/live/key"):
                    for viewer, mountpoint in ((one, 1), (two, 2)):
                        await until_listed(viewer, mountpoint)
                        sdp = await viewer.watch(mountpoint)
                        self.assertIn("H264/90000", sdp)
                        self.assertIn("opus/48000/2", sdp)
                    await asyncio.gather(*(v.sees("pictures and sound", audio=50, video=20) for v in (one, two)))
                async with Encoder("-f", "flv", f"rtmp://127.0.0.1:{rtmp}/live/key"):
                    await two.sees("pictures and sound of the next one", audio=50, video=20)
                for viewer in (one, two):
                    self.assertGreater(viewer.loudness, 500)
                    self.assertEqual(viewer.sizes, {(160, 120)})

        with Server() as server:
            run(scenario(server))
            self.assertEqual(server.stop(), 0)

    def test_a_file_repeats_and_a_playlist_is_followed(self):
        async def scenario(server, folder, port):
            async with Viewer(server) as one, Viewer(server) as two:
                await create(one, 1, str(folder / "vp8.webm"), loop=True)
                await create(one, 2, f"http://127.0.0.1:{port}/list.m3u8", loop=True)
                for viewer, mountpoint, codec in ((one, 1, "VP8/90000"), (two, 2, "H264/90000")):
                    await until_listed(viewer, mountpoint)
                    self.assertIn(codec, await viewer.watch(mountpoint))
                await one.sees("the file for longer than it lasts", audio=200, video=50)
                await two.sees("the playlist", audio=100, video=30)
                bad = await one.ask(request="create", type="url", id=3, url="concat:/etc/passwd")
                self.assertEqual(bad.get("error_code"), 456, bad)

        with Server() as server, tempfile.TemporaryDirectory() as name:
            folder = server.folder
            subprocess.run(["ffmpeg", "-v", "error", "-y", *SOURCE, "-t", "2", "-c:v", "libvpx", "-deadline", "realtime",
                            "-g", "15", "-c:a", "libopus", str(folder / "vp8.webm")], check=True)
            subprocess.run(["ffmpeg", "-v", "error", "-y", *SOURCE, "-t", "4", *H264, "-c:a", "aac", "-f", "hls",
                            "-hls_time", "1", "-hls_playlist_type", "vod", f"{name}/list.m3u8"], check=True)

            class Quiet(http.server.SimpleHTTPRequestHandler):
                def log_message(self, *_):
                    pass

            with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=name)) as web:
                threading.Thread(target=web.serve_forever, daemon=True).start()
                run(scenario(server, folder, web.server_address[1]))
                web.shutdown()
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
