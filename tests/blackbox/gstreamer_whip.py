"""A WHIP publisher made of GStreamer's webrtcbin: run as a program, it publishes a test picture and a tone until its
standard input ends, then takes its session back by DELETE. The system's Python has the bindings."""
import json
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PIPELINE = """
webrtcbin name=peer bundle-policy=max-bundle
videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! videoconvert !
  vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
audiotestsrc is-live=true wave=sine freq=440 ! audioconvert ! audioresample ! opusenc !
  rtpopuspay pt=111 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer.
"""


def say(**what):
    print(json.dumps(what), flush=True)


def ask(method, url, body=None):
    request = urllib.request.Request(url, method=method, data=body and body.encode(),
                                     headers={"Content-Type": "application/sdp"} if body else {})
    try:
        with urllib.request.urlopen(request, timeout=15) as response:
            return response.status, response.headers.get("Location"), response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, None, error.read().decode()


class Publisher:
    def __init__(self, url):
        self.url, self.session, self.asked = url, None, False
        self.loop = GLib.MainLoop()
        self.pipeline = Gst.parse_launch(PIPELINE)
        self.peer = self.pipeline.get_by_name("peer")
        self.peer.connect("on-negotiation-needed", self.negotiate)
        self.peer.connect("notify::ice-gathering-state", lambda *_: GLib.idle_add(self.publish))
        self.peer.connect("notify::connection-state", self.tell_state)

    def run(self):
        for transceiver in [self.peer.emit("get-transceiver", i) for i in (0, 1)]:
            transceiver.set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
        self.pipeline.set_state(Gst.State.PLAYING)
        threading.Thread(target=lambda: (sys.stdin.read(), GLib.idle_add(self.loop.quit)), daemon=True).start()
        self.loop.run()
        if self.session:
            say(deleted=ask("DELETE", self.session)[0])
        self.pipeline.set_state(Gst.State.NULL)

    def negotiate(self, _):
        self.peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered))

    def offered(self, promise):
        reply = promise.get_reply()  # holds the offer as long as it is held
        offer = reply.get_value("offer")
        self.peer.emit("set-local-description", offer, Gst.Promise.new())

    # All candidates are in the offer.
    def publish(self):
        if self.asked or self.peer.get_property("ice-gathering-state") != GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            return
        self.asked = True
        offer = self.peer.get_property("local-description").sdp.as_text()
        status, location, body = ask("POST", self.url, offer)
        say(status=status)
        if status != 201:
            return self.loop.quit()
        self.session = urllib.parse.urljoin(self.url, location)
        _, message = GstSdp.SDPMessage.new_from_text(body)
        answer = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.peer.emit("set-remote-description", answer, Gst.Promise.new())

    def tell_state(self, *_):
        say(connection=self.peer.get_property("connection-state").value_nick)


if __name__ == "__main__":
    Gst.init(None)
    Publisher(sys.argv[1]).run()
