"""File mountpoints: a-law live, mu-law and Ogg Opus on demand, repeated; and files that are not what they seem."""
import asyncio
import subprocess
import unittest

from limen_server import Server
from streaming_viewer import Viewer


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def tone(path, codec, *options, seconds=2):
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", "sine=440:sample_rate=8000", "-t", str(seconds),
                    "-c:a", codec, *options, str(path)], check=True)
    return path


class Files(unittest.TestCase):
    def test_files_are_heard_for_longer_than_they_last(self):
        async def scenario(server):
            async with Viewer(server) as live, Viewer(server) as on_demand:
                self.assertIn("PCMA/8000", await live.watch(1))
                self.assertIn("opus/48000/2", await on_demand.watch(2))
                await asyncio.gather(live.sees("a-law for three seconds", audio=150),
                                     on_demand.sees("Opus for three seconds", audio=150))
                self.assertGreater(live.loudness, 500)
                self.assertGreater(on_demand.loudness, 500)

        with Server() as server:
            alaw = tone(server.folder / "tone.alaw", "pcm_alaw", "-f", "alaw")
            opus = tone(server.folder / "tone.opus", "libopus")
            server.stop()
            (server.folder / "conf/janus.plugin.streaming.jcfg").write_text(
                f'radio: {{ type = "live"; id = 1; filename = "{alaw}"; audio = true; audiopt = 8; audiocodec = "pcma"; }}\n'
                f'music: {{ type = "ondemand"; id = 2; filename = "{opus}"; audio = true; audiopt = 111; audiocodec = "opus"; }}\n')
            with server:
                run(scenario(server))
                self.assertEqual(server.stop(), 0)

    def test_what_is_wrong_with_a_file_is_answered(self):
        async def scenario(server, folder):
            async with Viewer(server) as viewer:
                async def create(filename, codec="pcma"):
                    data = await viewer.ask(request="create", type="live", filename=filename, audio=True,
                                            audiopt=8, audiocodec=codec)
                    return data.get("error_code"), data.get("error", "")

                code, text = await create("/nowhere/at/all.alaw")
                self.assertEqual(code, 456)
                self.assertIn("no such file", text)
                self.assertEqual((await create("/etc/passwd"))[0], 456)
                self.assertEqual((await create(f"{folder}/../{folder.name}/tone.alaw"))[0], 456)
                self.assertEqual((await create(str(tone(folder / "good.alaw", "pcm_alaw", "-f", "alaw"))))[0], None)

        with Server() as server:
            run(scenario(server, server.folder))
            self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
