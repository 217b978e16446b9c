"""A GStreamer RTSP server as a program, for the tests of RTSP mountpoints.

rtsp_server.py PORT [--user U --password P] [--digest] [--tcp-only] [--opus]
Serves /test (H.264 and PCMA, or Opus) and /video (VP8 alone). Prints "ready", then a line for every request's method.
"""
import argparse
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

parser = argparse.ArgumentParser()
parser.add_argument("port", type=int)
parser.add_argument("--user")
parser.add_argument("--password")
parser.add_argument("--digest", action="store_true")
parser.add_argument("--tcp-only", action="store_true")
parser.add_argument("--opus", action="store_true")
options = parser.parse_args()

Gst.init(None)
server = GstRtspServer.RTSPServer()
server.set_address("127.0.0.1")
server.set_service(str(options.port))

audio = ("opusenc ! rtpopuspay name=pay1 pt=97" if options.opus else "alawenc ! rtppcmapay name=pay1 pt=8 min-ptime=20000000 max-ptime=20000000")
LAUNCH = {
    "/test": "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
             "x264enc tune=zerolatency speed-preset=ultrafast key-int-max=15 ! rtph264pay name=pay0 pt=96 "
             f"audiotestsrc is-live=true ! audioconvert ! audioresample ! {audio} )",
    "/video": "( videotestsrc is-live=true ! video/x-raw,width=160,height=120,framerate=15/1 ! "
              "vp8enc deadline=1 keyframe-max-dist=15 ! rtpvp8pay name=pay0 pt=98 )",
}

if options.user:
    auth = GstRtspServer.RTSPAuth()
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if options.digest:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(options.user, options.password, token)
    else:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(options.user, options.password), token)
    server.set_auth(auth)

for path, launch in LAUNCH.items():
    factory = GstRtspServer.RTSPMediaFactory()
    factory.set_launch(launch)
    factory.set_shared(True)
    if options.tcp_only:
        factory.set_protocols(GstRtsp.RTSPLowerTrans.TCP)
    if options.user:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    server.get_mount_points().add_factory(path, factory)


def on_client(_server, client):
    for method in ("options", "describe", "setup", "play", "teardown", "get-parameter"):
        client.connect(f"{method}-request", lambda _client, _context, name: print(name, flush=True), method)


server.connect("client-connected", on_client)
if server.attach(None) == 0:
    sys.exit("the port is taken")
print("ready", flush=True)
GLib.MainLoop().run()
