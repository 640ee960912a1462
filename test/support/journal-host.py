"""Stands in for journald: starts the command with a socket of the native protocol handed over, as by OpenFile=, and
writes each entry as one line of JSON to the file. Ends with the command, after all that it has sent.

journal-host.py FILE COMMAND...
"""
import fcntl, json, os, signal, socket, sys, tempfile

out, command = sys.argv[1], sys.argv[2:]
with tempfile.TemporaryDirectory() as folder:
    path = folder + "/socket"
    heard = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    heard.bind(path)
    handed = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    handed.connect(path)
    pid = os.fork()
    if pid == 0:
        # systemd's own socket may stand before it.
        spare = fcntl.fcntl(handed.fileno(), fcntl.F_DUPFD, 10)
        os.dup2(os.open("/dev/null", os.O_RDONLY), 3)
        os.dup2(spare, 4)
        listen = {"LISTEN_PID": str(os.getpid()), "LISTEN_FDS": "2", "LISTEN_FDNAMES": "other:prism-journal"}
        os.execvpe(command[0], command, dict(os.environ, **listen))
    handed.close()
    signal.signal(signal.SIGTERM, lambda *_: os.kill(pid, signal.SIGTERM))
    heard.settimeout(0.1)
    status = None
    with open(out, "w") as file:
        while True:
            try:
                entry = heard.recv(65536).decode()
                fields = dict(line.split("=", 1) for line in entry.rstrip("\n").split("\n"))
                print(json.dumps(fields), file=file, flush=True)
                continue
            except TimeoutError:
                pass
            if status is not None:
                break
            ended, code = os.waitpid(pid, os.WNOHANG)
            if ended == pid:
                status = os.waitstatus_to_exitcode(code)
sys.exit(status if status >= 0 else 128 - status)
