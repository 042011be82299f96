"""A line between two network namespaces on which each packet takes its time: two TUN devices, and what one sends the other gets later.

delay-line.py <pid in the other namespace> <name here> <name there> <ms one way>; says "ready". For kernels without netem.
"""
import collections, ctypes, fcntl, os, select, struct, sys, time

other_pid, here, there, one_way_ms = sys.argv[1:]
TUNSETIFF, IFF_TUN, IFF_NO_PI, CLONE_NEWNET = 0x400454CA, 1, 0x1000, 0x40000000
LONGEST_QUEUE = 2000


def tun(name):
    fd = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(fd, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    return fd


ends = [tun(here)]
with open(f"/proc/{other_pid}/ns/net") as namespace:
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
ends.append(tun(there))
print("ready", flush=True)

waiting = [collections.deque(), collections.deque()]
while True:
    due = min((queue[0][0] for queue in waiting if queue), default=None)
    readable, _, _ = select.select(ends, [], [], None if due is None else max(0.0, due - time.monotonic()))
    for end in readable:
        try:
            packet = os.read(end, 65536)
        except OSError:  # a device that is not up yet
            time.sleep(0.02)
            continue
        queue = waiting[ends.index(end)]
        if len(queue) < LONGEST_QUEUE:
            queue.append((time.monotonic() + float(one_way_ms) / 1000, packet))
    now = time.monotonic()
    for queue, to in zip(waiting, reversed(ends)):
        while queue and queue[0][0] <= now:
            try:
                os.write(to, queue.popleft()[1])
            except OSError:
                pass
