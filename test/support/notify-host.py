"""Stands in for systemd's side of sd_notify: starts the command with a socket to speak on, and prints what it hears.

notify-host.py file|path MICROSECONDS COMMAND...
  file: the command is handed a connected socket, as by OpenFile=; path: it gets NOTIFY_SOCKET alone
"""
import json, os, socket, sys, tempfile

SCM_CREDENTIALS = 2  # of <bits/socket.h>; Python 3.12 names it

way, usec, command = sys.argv[1], sys.argv[2], sys.argv[3:]
with tempfile.TemporaryDirectory() as folder:
    path = folder + "/notify"
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(path)
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    handed = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    handed.connect(path)
    pid = os.fork()
    if pid == 0:
        env = dict(os.environ, NOTIFY_SOCKET=path, WATCHDOG_USEC=usec, WATCHDOG_PID=str(os.getpid()))
        if way == "file":
            os.dup2(handed.fileno(), 3)
            env |= {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "1", "LISTEN_FDNAMES": "prism-notify"}
        os.execvpe(command[0], command, env)
    handed.close()
    heard.settimeout(0.1)
    while True:
        try:
            words, ancillary, _, _ = heard.recvmsg(4096, 200)
        except TimeoutError:
            # Not before its end: a last word may have its barrier behind it.
            if os.waitpid(pid, os.WNOHANG)[0] == pid:
                break
            continue
        sender = 0
        for _, kind, data in ancillary:
            if kind == SCM_CREDENTIALS:
                sender = int.from_bytes(data[:4], "little")
            else:
                # A barrier: who sent it waits until its other end is closed.
                os.close(int.from_bytes(data[:4], "little"))
        if words == b"BARRIER=1":
            continue
        print(json.dumps({"words": words.decode(), "own": sender == pid}), flush=True)
