"""A room cascaded between servers: Limen to Limen, and Limen and the reference server in both directions."""
import asyncio
import base64
import os
import shutil
import unittest

from limen_server import until_async
from videoroom_peer import Publisher, Session, Subscriber, room_server

ROOM = 'room-5: { description = "cascade"; publishers = 9; audiocodec = "opus"; videocodec = "vp8,h264"; }'
FEED = 77


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 60))


def streams_for_add(publisher):
    """The publisher's own `streams`, as they are handed to the other server."""
    known = ("mid", "mindex", "type", "codec", "description", "audiolevel_ext_id", "videoorient_ext_id",
             "playoutdelay_ext_id", "fec", "stereo", "dtx", "simulcast")
    return [{k: s[k] for k in known if k in s} for s in publisher.configured["streams"]]


async def cascade(test, home, away, srtp=None):
    """A publisher at `home` is seen by a subscriber at `away`; how it ends is seen there, too."""
    srtp = srtp or {}
    async with Session(home) as at_home, Session(away) as far_away:
        publisher = await (await Publisher(at_home).attach()).join(5, id=FEED, display="Ada")
        await publisher.publish(video=150, data=True)
        await until_async("published", lambda: publisher.info()["plugin_specific"]["streams"])
        witness = await (await Publisher(far_away).attach()).join(5)
        added = await witness.request(request="add_remote_publisher", room=5, id=FEED, display="Ada",
                                      streams=streams_for_add(publisher), **srtp)
        test.assertEqual(added["id"], FEED)
        await until_async("the far room hears of it", lambda: far_away.saw("publishers"))
        told = far_away.saw("publishers")["publishers"][0]
        test.assertEqual((told["id"], told["display"]), (FEED, "Ada"))
        test.assertEqual([s["type"] for s in told["streams"]], ["audio", "video", "data"])
        subscriber = await (await Subscriber(far_away).attach()).subscribe(5, FEED)
        begun = await publisher.request(request="publish_remotely", room=5, publisher_id=FEED, remote_id="far",
                                        host="127.0.0.1", port=added["port"], rtcp_port=added["rtcp_port"], **srtp)
        test.assertEqual(begun["remote_id"], "far")
        # No picture can be decoded before a key frame, which has to be asked for over both servers.
        await until_async("pictures and sounds arrive", lambda: subscriber.pictures > 20 and subscriber.sounds > 30, 20)
        test.assertAlmostEqual(subscriber.level, 150, delta=14)
        test.assertGreater(subscriber.loudness, 3000)

        async def told_on():
            publisher.channel.send("across")
            publisher.channel.send(b"\x01\x02")
            await asyncio.sleep(0.1)
        while not {"across", b"\x01\x02"} <= set(subscriber.messages):
            await told_on()
        test.assertEqual(subscriber.channels, [str(FEED)])

        late = await (await Subscriber(far_away).attach()).subscribe(5, FEED)
        await until_async("who comes later sees it, too", lambda: late.pictures > 5, 20)
        listed = await publisher.request(request="listremotes", room=5, publisher_id=FEED)
        test.assertEqual([one["remote_id"] for one in listed["list"]], ["far"])
        await publisher.request(request="unpublish_remotely", room=5, publisher_id=FEED, remote_id="far")
        await asyncio.sleep(0.5)
        seen = subscriber.pictures
        await asyncio.sleep(0.5)
        test.assertLessEqual(subscriber.pictures - seen, 1, "nothing is sent any more")
        offers = len([e for _, e in far_away.events if e.get("videoroom") == "updated"])
        await witness.request(request="remove_remote_publisher", room=5, id=FEED)
        await until_async("it is told that it left", lambda: far_away.seen(leaving=FEED))
        await until_async("subscribers are offered inactive m-lines",
                          lambda: len([e for _, e in far_away.events if e.get("videoroom") == "updated"]) > offers)


class Cascade(unittest.TestCase):
    def test_limen_to_limen_with_srtp(self):
        key = base64.b64encode(os.urandom(30)).decode()
        with room_server(ROOM) as home, room_server(ROOM) as away:
            run(cascade(self, home, away, {"srtp_suite": 80, "srtp_crypto": key}))
            for server in (home, away):
                self.assertEqual(server.stop(), 0)
                self.assertNotIn("Bug:", server.log())

    @unittest.skipUnless(shutil.which("janus"), "the reference server is not installed")
    def test_limen_to_the_reference(self):
        with room_server(ROOM) as home, room_server(ROOM, program="janus") as away:
            run(cascade(self, home, away))

    @unittest.skipUnless(shutil.which("janus"), "the reference server is not installed")
    def test_the_reference_to_limen(self):
        with room_server(ROOM, program="janus") as home, room_server(ROOM) as away:
            run(cascade(self, home, away))


if __name__ == "__main__":
    unittest.main()
