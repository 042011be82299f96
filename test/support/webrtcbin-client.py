#!/usr/bin/env python3
"""GStreamer's webrtcbin as a WHIP publisher or a WHEP viewer. One JSON line a second on stdout; SIGTERM sends DELETE.

publish URL TOKEN RRGGBB HZ        a picture of one colour, and a tone
watch   URL TOKEN RRGGBB,.. HZ,..  tells which share of the picture has these colours, and the level of these tones in dB
"""
import array
import json
import math
import os
import signal
import sys
import urllib.request
from urllib.parse import urljoin

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

WIDTH, HEIGHT, RATE = 64, 36, 48000


def tell(**event):
    print(json.dumps(event), flush=True)


def request(method, url, token, body=None):
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = "application/sdp"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers, method=method), timeout=15) as response:
        return response.headers, response.read()


class Client:
    def __init__(self, graph, url, token):
        self.url, self.token, self.session, self.posted = url, token, None, False
        self.pipeline = Gst.parse_launch(f"pipeline. ( {graph} )")  # of one element alone it would make no pipeline
        self.bin = self.pipeline.get_by_name("w")
        ice = self.bin.get_property("ice-agent")
        # libnice leaves loopback out by itself, and binds its sockets to an interface, from which 127.0.0.1 is not to be reached
        ice.emit("add-local-ip-address", "127.0.0.1")
        agent = ice.get_property("agent")
        agent.set_property("upnp", False)  # it would ask the network for a router
        self.kept = (ice, agent)  # webrtcbin 1.22 hands them out without a reference of their own
        self.bin.connect("notify::ice-gathering-state", lambda *_: GLib.idle_add(self.post))
        self.bin.connect("notify::connection-state", lambda *_: tell(type="state", state=self.bin.get_property("connection-state").value_nick))

    def offer(self):
        self.bin.emit("create-offer", None, Gst.Promise.new_with_change_func(self.offered, None))
        return False

    def offered(self, promise, _):
        promise.wait()
        reply = promise.get_reply()  # must outlive the offer
        self.bin.emit("set-local-description", reply.get_value("offer"), Gst.Promise.new())

    def post(self):
        complete = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        if self.posted or self.bin.get_property("ice-gathering-state") != complete:
            return False
        self.posted = True
        text = self.bin.get_property("local-description").sdp.as_text()
        try:
            headers, answer = request("POST", self.url, self.token, text.encode())
        except urllib.error.HTTPError as error:
            tell(type="refused", status=error.code, detail=error.read().decode(), offer=text)
            return False
        self.session = urljoin(self.url, headers["Location"])
        _, message = GstSdp.SDPMessage.new_from_text(answer.decode())
        description = GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.bin.emit("set-remote-description", description, Gst.Promise.new())
        return False

    def end(self):
        if self.session:
            tell(type="ended", status=urllib.request.urlopen(urllib.request.Request(self.session, method="DELETE", headers={"Authorization": f"Bearer {self.token}"}), timeout=5).status)
        self.pipeline.set_state(Gst.State.NULL)
        loop.quit()


def publisher(url, token, colour, hz):
    client = Client(
        "webrtcbin name=w bundle-policy=max-bundle "
        f"videotestsrc is-live=true pattern=solid-color foreground-color=0xff{colour} ! video/x-raw,width=320,height=180,framerate=15/1 "
        "! vp8enc deadline=1 target-bitrate=200000 keyframe-max-dist=30 ! rtpvp8pay pt=96 ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! w. "
        f"audiotestsrc is-live=true freq={hz} volume=0.2 ! audioconvert ! opusenc ! rtpopuspay pt=97 ! application/x-rtp,media=audio,encoding-name=OPUS,payload=97 ! w.",
        url,
        token,
    )
    for i in range(2):
        client.bin.emit("get-transceiver", i).set_property("direction", GstWebRTC.WebRTCRTPTransceiverDirection.SENDONLY)
    client.bin.connect("on-negotiation-needed", lambda *_: GLib.idle_add(client.offer))
    return client


def viewer(url, token, colours, tones):
    client = Client("webrtcbin name=w bundle-policy=max-bundle latency=50", url, token)
    seen = {"pictures": 0, "keyframes": 0, "colours": [0.0] * len(colours), "sounds": 0, "tones": [-120.0] * len(tones)}
    samples = array.array("h")

    def picture(sink):
        buffer = sink.emit("pull-sample").get_buffer()
        seen["pictures"] += 1
        if seen["pictures"] % 5:
            return Gst.FlowReturn.OK
        _, info = buffer.map(Gst.MapFlags.READ)
        pixels = bytes(info.data)
        buffer.unmap(info)
        for i, wanted in enumerate(colours):
            near = sum(1 for at in range(0, WIDTH * HEIGHT * 4, 4) if sum(abs(pixels[at + c] - wanted[c]) for c in range(3)) < 100)
            seen["colours"][i] = round(near / (WIDTH * HEIGHT), 3)
        return Gst.FlowReturn.OK

    def sound(sink):
        buffer = sink.emit("pull-sample").get_buffer()
        _, info = buffer.map(Gst.MapFlags.READ)
        samples.frombytes(bytes(info.data))
        buffer.unmap(info)
        seen["sounds"] += 1
        if len(samples) >= RATE // 2:
            for i, hz in enumerate(tones):
                step = 2 * math.pi * hz / RATE
                re = sum(s * math.cos(step * n) for n, s in enumerate(samples))
                im = sum(s * math.sin(step * n) for n, s in enumerate(samples))
                seen["tones"][i] = round(20 * math.log10(max(1e-6, 2 * math.hypot(re, im) / len(samples) / 32768)), 1)
            del samples[:]
        return Gst.FlowReturn.OK

    def keyframes(_pad, info):
        if not info.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT):
            seen["keyframes"] += 1
        return Gst.PadProbeReturn.OK

    def added(_bin, pad):
        video = pad.get_current_caps().get_structure(0).get_string("media") == "video"
        part = Gst.parse_bin_from_description(
            f"rtph264depay ! h264parse name=parse ! avdec_h264 ! videoconvert ! videoscale ! video/x-raw,format=RGBA,width={WIDTH},height={HEIGHT} ! appsink name=out emit-signals=true sync=false max-buffers=2 drop=true"
            if video
            else f"rtpopusdepay ! opusdec ! audioconvert ! audioresample ! audio/x-raw,format=S16LE,channels=1,rate={RATE} ! appsink name=out emit-signals=true sync=false max-buffers=50 drop=true",
            True,
        )
        part.get_by_name("out").connect("new-sample", picture if video else sound)
        if video:
            part.get_by_name("parse").get_static_pad("src").add_probe(Gst.PadProbeType.BUFFER, keyframes)
        client.pipeline.add(part)
        part.sync_state_with_parent()
        pad.link(part.get_static_pad("sink"))

    client.bin.connect("pad-added", added)
    for caps in (
        "application/x-rtp,media=video,encoding-name=H264,clock-rate=90000,payload=96,packetization-mode=(string)1,profile-level-id=(string)42e01f,rtcp-fb-nack-pli=(boolean)true",
        "application/x-rtp,media=audio,encoding-name=OPUS,clock-rate=48000,payload=97,encoding-params=(string)2",
    ):
        client.bin.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, Gst.Caps.from_string(caps))
    GLib.timeout_add(500, lambda: (tell(type="seen", **seen), True)[1])
    return client


Gst.init(None)
loop = GLib.MainLoop()
role, url, token, colours, tones = sys.argv[1:6]
rgb = [[int(c[i : i + 2], 16) for i in (0, 2, 4)] for c in colours.split(",")]
client = publisher(url, token, colours, tones) if role == "publish" else viewer(url, token, rgb, [float(hz) for hz in tones.split(",")])
for number in (signal.SIGTERM, signal.SIGINT):
    GLib.unix_signal_add(GLib.PRIORITY_HIGH, number, client.end)
client.pipeline.set_state(Gst.State.PLAYING)
if role == "watch":
    GLib.idle_add(client.offer)
loop.run()
sys.stdout.flush()
os._exit(0)  # what was kept above would be freed twice
