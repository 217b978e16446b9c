"""RTSP mountpoints against GStreamer's RTSP server: UDP, TCP only, passwords, restarts, a camera that comes late."""
import asyncio
import pathlib
import subprocess
import time
import unittest

from limen_server import Server, free_port, until_async
from streaming_viewer import Viewer, until_listed

HERE = pathlib.Path(__file__).resolve().parent


class Camera:
    """rtsp_server.py as a process."""

    def __init__(self, *options, port=None):
        self.port, self.options = port or free_port(), options

    def __enter__(self):
        self.process = subprocess.Popen(["/usr/bin/python3", str(HERE / "rtsp_server.py"), str(self.port), *self.options],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        if self.process.stdout.readline() != "ready\n":
            raise AssertionError("the RTSP server did not start")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait(10)
        self.requests = self.process.stdout.read().split()
        self.process.stdout.close()

    def url(self, path="/test"):
        return f"rtsp://127.0.0.1:{self.port}{path}"


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


async def create(viewer, url, **more):
    return await viewer.ask(request="create", type="rtsp", url=url, audio=True, video=True, **{"id": 1, **more})


class Rtsp(unittest.TestCase):
    def test_pictures_and_sound_by_udp_and_a_proper_farewell(self):
        async def scenario(server, camera):
            async with Viewer(server) as viewer:
                created = await create(viewer, camera.url())
                self.assertEqual(created.get("streaming"), "created", created)
                sdp = await viewer.watch(1)
                self.assertIn("H264/90000", sdp)
                self.assertIn("PCMA/8000", sdp)
                await viewer.sees("pictures and sound", audio=50, video=20)
                self.assertEqual(viewer.sizes, {(160, 120)})
                self.assertEqual((await viewer.ask(request="destroy", id=1))["streaming"], "destroyed")
                await asyncio.sleep(0)

        with Camera() as camera, Server() as server:
            run(scenario(server, camera))
            self.assertEqual(server.stop(), 0)
        self.assertEqual([r for r in camera.requests if r not in ("options", "get-parameter")],
                         ["describe", "setup", "setup", "play", "teardown"])

    def test_passwords_and_a_camera_that_has_only_tcp(self):
        async def scenario(server, camera):
            async with Viewer(server) as viewer:
                wrong = await create(viewer, camera.url(), rtsp_user="joe", rtsp_pwd="wrong")
                self.assertEqual(wrong.get("error_code"), 456, wrong)
                missing = await create(viewer, camera.url())
                self.assertEqual(missing.get("error_code"), 456, missing)
                # GStreamer's server may answer 503 while it starts its encoders.
                until = time.monotonic() + 20
                right = {}
                while right.get("streaming") != "created" and time.monotonic() < until:
                    right = await create(viewer, camera.url(), rtsp_user="joe", rtsp_pwd="s3cret")
                self.assertEqual(right.get("streaming"), "created", right)
                await viewer.watch(1)
                await viewer.sees("pictures and sound by TCP", audio=50, video=20)
                self.assertNotIn("s3cret", server.log())

        for method in ([], ["--digest"]):
            with self.subTest(method=method), Server() as server, \
                    Camera("--user", "joe", "--password", "s3cret", "--tcp-only", "--opus", *method) as camera:
                run(scenario(server, camera))
                self.assertEqual(server.stop(), 0)

    def test_a_camera_that_restarts_is_found_again_and_viewers_stay(self):
        async def scenario(server, port):
            async with Viewer(server) as viewer:
                with Camera(port=port) as camera:
                    created = await create(viewer, camera.url(), rtsp_reconnect_delay=1, rtsp_notify_changes=True)
                    self.assertEqual(created.get("streaming"), "created", created)
                    await viewer.watch(1)
                    await viewer.sees("pictures", video=15)
                await until_async("viewers hear of it", lambda: viewer.streaming_event("rtsp-disconnected"))
                with Camera(port=port):
                    await until_async("viewers hear of that, too", lambda: viewer.streaming_event("rtsp-reconnected"))
                    await viewer.sees("pictures again", video=15)

        with Server() as server:
            run(scenario(server, free_port()))
            self.assertEqual(server.stop(), 0)

    def test_an_absent_camera_is_an_error_or_waited_for(self):
        async def scenario(server, port):
            async with Viewer(server) as viewer:
                url = f"rtsp://127.0.0.1:{port}/video"
                self.assertEqual((await create(viewer, url)).get("error_code"), 456)
                late = await create(viewer, url, rtsp_failcheck=False, rtsp_reconnect_delay=1)
                self.assertEqual(late.get("streaming"), "created", late)
                with Camera(port=port):
                    await until_listed(viewer, 1)
                    self.assertIn("VP8/90000", await viewer.watch(1))
                    await viewer.sees("pictures", video=15)

        with Server() as server:
            run(scenario(server, free_port()))
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
