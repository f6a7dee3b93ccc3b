"""A web server on 127.0.0.1 that behaves as badly as its paths say: /BEHAVIOUR/NAME serves the file NAME of a folder.

    http_server.py FOLDER

prints its port and then one line a request: the path, and what Range and If-Range asked for. It ends when its standard
input does.
"""
import hashlib
import http.server
import pathlib
import sys
import threading
import time

FOLDER = pathlib.Path(sys.argv[1])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    seen = {}
    lock = threading.Lock()

    def log_message(self, *_):
        pass

    def do_GET(self):
        with self.lock:
            times = self.seen[self.path] = self.seen.get(self.path, 0) + 1
            print(self.path, self.headers.get("Range", "-"), self.headers.get("If-Range", "-"), flush=True)
        behaviour, _, rest = self.path.lstrip("/").partition("/")
        self.close_connection = True
        try:
            getattr(self, "do_" + behaviour)(rest, times)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def begin(self, status, length=None, **headers):
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Connection", "close")
        self.end_headers()

    def answer(self, name, most=None, ranges=True, tag=None, **headers):
        """The file, or the part that was asked for, of which only `most` bytes are really sent."""
        path = FOLDER / name
        if not path.is_file():
            return self.begin(404, 0)
        body = path.read_bytes()
        tag = tag or '"%s"' % hashlib.md5(body).hexdigest()
        headers = {"ETag": tag, **headers}
        begin, wanted = 0, self.headers.get("Range")
        if ranges and wanted and self.headers.get("If-Range", tag) == tag:
            begin = int(wanted.removeprefix("bytes=").partition("-")[0])
            if begin >= len(body):
                return self.begin(416, 0, Content_Range="bytes */%d" % len(body))
            self.begin(206, len(body) - begin, Content_Range="bytes %d-%d/%d" % (begin, len(body) - 1, len(body)), **headers)
        else:
            self.begin(200, len(body), **headers)
        self.wfile.write(body[begin:][:most])

    def do_whole(self, name, times):
        self.answer(name)

    def do_cut(self, name, times):
        self.answer(name, most=4000 if times == 1 else None)

    def do_always_cut(self, name, times):
        self.answer(name, most=0 if times > 1 else 4000)

    def do_cut_without_ranges(self, name, times):
        self.answer(name, most=4000 if times == 1 else None, ranges=False)

    def do_changing(self, name, times):
        """Another file, of another tag, from the second request on."""
        self.answer(name if times == 1 else name + ".new", most=4000 if times == 1 else None)

    def do_forgetful(self, name, times):
        """Takes every If-Range for true, as some caches do, although the file is another one."""
        del self.headers["If-Range"]
        self.answer(name)

    def do_wrong_part(self, name, times):
        body = (FOLDER / name).read_bytes()
        if times == 1:
            return self.answer(name, most=4000)
        self.begin(206, 10, Content_Range="bytes 0-9/%d" % len(body), ETag='"%s"' % hashlib.md5(body).hexdigest())
        self.wfile.write(body[:10])

    def do_flaky(self, name, times):
        if times == 1:
            return self.begin(503, 0)
        self.answer(name)

    def do_broken(self, name, times):
        self.begin(503, 0)

    def do_loop(self, name, times):
        self.begin(302, 0, Location=self.path)

    def do_redirect(self, name, times):
        self.begin(302, 0, Location="/whole/" + name)

    def do_hub(self, name, times):
        """A redirect that names the hash of the file behind it."""
        digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()
        self.begin(302, 0, Location="/whole/" + name, X_Linked_ETag='"%s"' % digest)

    def do_lying_hub(self, name, times):
        self.begin(302, 0, Location="/whole/" + name, X_Linked_ETag='"%s"' % ("0" * 64))

    def do_local(self, name, times):
        self.begin(302, 0, Location="file://" + str(FOLDER / name))

    def do_silent(self, name, times):
        time.sleep(60)

    def do_stall(self, name, times):
        body = (FOLDER / name).read_bytes()
        self.begin(200, len(body), ETag='"stall"')
        self.wfile.write(body[:4000])
        self.wfile.flush()
        time.sleep(60)

    def do_slow(self, name, times):
        body = (FOLDER / name).read_bytes()
        self.begin(200, len(body))
        for piece in range(10):
            self.wfile.write(body[piece * len(body) // 10:(piece + 1) * len(body) // 10])
            self.wfile.flush()
            time.sleep(0.25)

    def do_endless(self, name, times):
        self.begin(200)
        while True:
            self.wfile.write(b"x" * 65536)

    def do_no_length(self, name, times):
        self.begin(200)
        self.wfile.write((FOLDER / name).read_bytes()[:4000])

    def do_chunked(self, name, times):
        self.begin(200, Transfer_Encoding="chunked")
        body = (FOLDER / name).read_bytes()
        self.wfile.write(b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body))

    def do_page(self, name, times):
        text = b"<!doctype html><title>Please log in</title>"
        self.begin(200, len(text), Content_Type="text/html")
        self.wfile.write(text)

    def do_empty(self, name, times):
        self.begin(200, 0)


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print(server.server_address[1], flush=True)
sys.stdin.read()
