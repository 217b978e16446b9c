"""What bench/compare runs: the servers, the loads, and which figures of limen-load's JSON matter."""
import dataclasses
from typing import Callable

LIMEN = "Limen"
SHIPPED = "reference"
TUNED = "reference, 2 loops"


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    limen: bool
    event_loops: int  # 0: as it ships


# Limen gets one media thread, as it would choose itself on one core.
CONTENDERS = [
    Contender(LIMEN, True, 1),
    Contender(SHIPPED, False, 0),
    Contender(TUNED, False, 2),
]


@dataclasses.dataclass(frozen=True)
class Figure:
    title: str
    path: tuple
    form: str = "{:.2f}"
    lower_is_better: bool = True
    plotted: bool = False
    compared: bool = True  # whether a ratio says anything

    def read(self, result):
        for key in self.path:
            if not isinstance(result, dict) or key not in result:
                return None
            result = result[key]
        return result


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    title: str
    about: str
    command: tuple
    figures: tuple
    short: Callable[[dict], str]
    limit: int = 180
    core_share: float = 0  # publishers are as many as take so much of a core; 0: as the command says
    duration: float = 5
    warm_up: float = 1
    contenders: tuple = (LIMEN, SHIPPED, TUNED)  # those that the load is for

    def arguments(self, seconds=None):
        return [*self.command, "--duration", f"{seconds or self.duration:g}", "--warm-up", f"{self.warm_up:g}"]


PER_PACKET = Figure("server CPU per packet, µs", ("server_process", "us_per_packet"), plotted=True)
MEDIA = (
    PER_PACKET,
    Figure("server CPU, share of the core", ("server_process", "core_share"), "{:.3f}"),
    Figure("packets a second", ("media", "packets_per_second"), "{:.0f}", False, compared=False),
    Figure("lost", ("media", "lost"), "{:.0f}"),
    Figure("inside the server p99, ms", ("media", "inside", "p99_ms"), compared=False),
    Figure("latency p50, ms", ("media", "latency", "p50_ms")),
    Figure("latency p99, ms", ("media", "latency", "p99_ms")),
    Figure("memory per peer, kB", ("server_process", "kb_per_peer"), "{:.0f}"),
    Figure("connected", ("peers_connected",), "{:.0f}", False, compared=False),
    Figure("tester CPU, share of its core", ("tester_core_share",), "{:.2f}", compared=False),
)


def short_media(r):
    server = r.get("server_process", {})
    return (f"{server.get('us_per_packet', 0):.2f} us/packet, {r['media']['packets_per_second']:.0f}/s, "
            f"{r['media']['lost']} lost, {r['peers_connected']} connected")


# The tester looks at its sockets every millisecond: on one machine the kernel wakes whoever sleeps for a packet on
# the sender's time, which no network would.
POLL = ("--poll", "1")


def media(name, title, about, *command, **more):
    return Scenario(name, title, about, (*command, *POLL), MEDIA, short_media, **more)


SCENARIOS = [
    media("echo", "EchoTest, 20 peers", "Every peer sends 1 Mbit/s of VP8 (bursts of 3 to 4 packets of 1,100 bytes) and "
          "Opus, and gets it back.", "echo", "-n", "20"),
    media("room-100-cm", "VideoRoom 1 → 100, AES-CM", "One publisher (1 Mbit/s and Opus), a hundred subscribers, "
          "SRTP_AES128_CM_SHA1_80.", "videoroom", "-n", "100", "--cipher", "cm"),
    media("room-100-gcm", "VideoRoom 1 → 100, AES-GCM", "The same with SRTP_AEAD_AES_128_GCM.",
          "videoroom", "-n", "100", "--cipher", "gcm"),
    media("room-300", "VideoRoom 1 → 300", "Beyond what the reference can do as it ships.",
          "videoroom", "-n", "300", "--cipher", "cm", limit=300, contenders=(LIMEN, TUNED)),
    media("room-1000", "VideoRoom 1 → 1000", "164,000 packets a second, which the reference cannot do.", "videoroom", "-n",
          "1000", "--cipher", "cm", "--inspect", "0.02", limit=400, contenders=(LIMEN,)),
    media("room-100-3mbit", "VideoRoom 1 → 100, 3 Mbit/s", "Bursts of ten packets.", "videoroom", "-n", "100",
          "--video-kbps", "3000", "--fps", "34", "--cipher", "cm"),
    media("room-100-feedback", "VideoRoom 1 → 100 with feedback", "Every subscriber sends transport-wide feedback ten times "
          "a second.", "videoroom", "-n", "100", "--cipher", "cm", "--feedback", contenders=(LIMEN, SHIPPED)),
    media("full", "VideoRoom 2 → 2000", "Half of a core for two rooms of a thousand. A frame takes some 6 ms until it has left for all of a room, "
          "so the last of them wait that long whatever else goes on.", "videoroom",
          "--publishers", "2", "-n", "1000", "--cipher", "gcm", "--inspect", "0", limit=400, contenders=(LIMEN,)),
    media("rooms", "VideoRoom, many rooms of 1 → 20", "As many rooms as take 70 % of a core by the measure of forty: how long packets "
          "wait for other rooms' packets.", "videoroom", "--publishers", "40", "-n", "20", "--cipher", "gcm", "--inspect", "0",
          "--source-thread", limit=400, core_share=0.7, contenders=(LIMEN,)),
    media("streaming-100", "Streaming 1 → 100", "One encoder sends 1 Mbit/s of VP8 and Opus as plain RTP to a mountpoint, a "
          "hundred viewers watch. Limen's wait for a key frame, which comes every two seconds.", "streaming", "-n", "100", "--cipher", "cm", warm_up=3),
    media("streaming-1000", "Streaming 1 → 1000", "The same with a thousand viewers: 150,000 packets a second.",
          "streaming", "-n", "1000", "--cipher", "cm", "--inspect", "0.02", limit=400, warm_up=3),
    media("meeting-10", "Meeting of 10", "Ten people publish and watch the nine others.", "videoroom", "--meeting", "-n", "10"),
    Scenario("idle", "200 idle peers", "Connected, nothing sent.", ("idle", "-n", "200"), (
        Figure("memory per peer, kB", ("server_process", "kb_per_peer"), "{:.0f}", plotted=True),
        Figure("server CPU, share of the core", ("server_process", "core_share"), "{:.4f}"),
        Figure("set-up of all, s", ("set_up_s",)),
        Figure("connected", ("peers_connected",), "{:.0f}", False, compared=False),
    ), lambda r: f"{r['server_process'].get('kb_per_peer', 0):.0f} kB/peer, {r['server_process']['core_share']:.4f} of a core"),
    Scenario("join", "Join to first media", "One after the other: from the first request of a session to the first packet "
             "that EchoTest sends back.", ("join", "-n", "20"), (
        Figure("first media, median ms", ("join", "first_media", "p50_ms"), "{:.1f}", plotted=True),
        Figure("first media, p95 ms", ("join", "first_media", "p95_ms"), "{:.1f}"),
        Figure("connected, median ms", ("join", "connected", "p50_ms"), "{:.1f}"),
        Figure("answered, median ms", ("join", "answered", "p50_ms"), "{:.1f}"),
    ), lambda r: f"{r['join']['first_media']['p50_ms']} ms"),
    Scenario("signalling", "Signalling", "Sixteen clients: create a session, attach EchoTest, destroy.", ("signalling",), (
        Figure("rounds a second", ("rounds_per_second",), "{:.0f}", False, True),
        Figure("one round, median ms", ("round", "p50_ms")),
        Figure("server CPU per round, µs", ("server_process", "us_per_round"), "{:.0f}"),
    ), lambda r: f"{r['rounds_per_second']:.0f} rounds/s"),
]


@dataclasses.dataclass(frozen=True)
class Goal:
    """A line that says whether a figure is where it should be: Limen's beside another, or beside itself elsewhere."""
    text: str
    scenario: str
    path: tuple
    least: float            # the factor by which Limen has to be better; for `bound`: the figure itself
    beside: str = SHIPPED   # a contender, or the name of a scenario (then of Limen's), or "" for a bound
    lower_is_better: bool = True


_CPU = ("server_process", "us_per_packet")
GOALS = [
    Goal("CPU per packet, 1 → 100, AES-CM, as it ships", "room-100-cm", _CPU, 15),
    Goal("CPU per packet, 1 → 100, AES-GCM, as it ships", "room-100-gcm", _CPU, 15),
    Goal("CPU per packet, 1 → 300, tuned", "room-300", _CPU, 6, TUNED),
    Goal("CPU per packet, 3 Mbit/s in bursts of ten, as it ships", "room-100-3mbit", _CPU, 15),
    Goal("CPU per packet, 3 Mbit/s in bursts of ten, tuned", "room-100-3mbit", _CPU, 8, TUNED),
    Goal("CPU per packet at 1,000 subscribers beside that at 100 (within 15 %)", "room-1000", _CPU, 1 / 1.15, "room-100-cm"),
    Goal("packets lost at 1,000 subscribers", "room-1000", ("media", "lost"), 0, ""),
    Goal("CPU per packet with feedback beside that without (at most 25 % more)", "room-100-feedback", _CPU, 1 / 1.25,
         "room-100-cm"),
    Goal("99 % of packets are inside for less, ms, with some 70 % of a core in use (rooms of 1 → 20)", "rooms", ("media", "inside", "p99_ms"), 2, ""),
    Goal("CPU per packet, meeting of 10, as it ships", "meeting-10", _CPU, 1),
    Goal("CPU per packet, meeting of 10, tuned", "meeting-10", _CPU, 1, TUNED),
    Goal("memory per peer, meeting of 10, tuned", "meeting-10", ("server_process", "kb_per_peer"), 1, TUNED),
    Goal("memory per idle peer, kB", "idle", ("server_process", "kb_per_peer"), 60, ""),
    Goal("CPU of idle peers", "idle", ("server_process", "core_share"), 10),
    Goal("time to set up 200 peers, tuned", "idle", ("set_up_s",), 1, TUNED),
    Goal("join to first media, ms", "join", ("join", "first_media", "p50_ms"), 10, ""),
    Goal("join to first media, tuned", "join", ("join", "first_media", "p50_ms"), 1, TUNED),
    Goal("signalling rounds a second, as it ships", "signalling", ("rounds_per_second",), 1, lower_is_better=False),
    Goal("signalling rounds a second, tuned", "signalling", ("rounds_per_second",), 1, TUNED, False),
]
