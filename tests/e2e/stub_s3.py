"""A stand-in for S3: objects in memory, read in ranges, listed in small pages, written whole."""

import hashlib
import http.server
import threading
import urllib.parse
from xml.sax.saxutils import escape

PAGE = 3
MODIFIED = "2023-11-14T22:13:20.000Z"


class S3:
    """`buckets[bucket][key]` is what an object holds; `denied` names buckets that nobody may write to."""

    def __init__(self, buckets, denied=()):
        self.buckets, self.denied, self.reads = buckets, set(denied), []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                bucket, key, query = outer.place(self.path)
                if key:
                    self.get(bucket, key)
                else:
                    self.answer(200, outer.page(bucket, query).encode())

            def get(self, bucket, key):
                content = outer.buckets.get(bucket, {}).get(key)
                if content is None:
                    return self.fail(404, "NoSuchKey", "The specified key does not exist.")
                outer.reads.append((bucket, key, self.headers.get("Range")))
                tag = f'"{hashlib.md5(content).hexdigest()}"'
                if self.headers.get("If-Match", tag) != tag:
                    return self.fail(412, "PreconditionFailed", "At least one of the pre-conditions did not hold")
                first, last = self.headers["Range"].removeprefix("bytes=").split("-")
                if int(first) >= len(content):
                    return self.fail(416, "InvalidRange", "The requested range is not satisfiable")
                part = content[int(first) : int(last) + 1]
                whole = {"Content-Range": f"bytes {first}-{int(first) + len(part) - 1}/{len(content)}"}
                return self.answer(206, part, ETag=tag, **whole)

            def do_PUT(self):
                bucket, key, _ = outer.place(self.path)
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if bucket in outer.denied:
                    return self.fail(403, "AccessDenied", "Access Denied")
                outer.buckets.setdefault(bucket, {})[key] = body
                return self.answer(200, b"")

            def fail(self, status, code, message):
                self.answer(status, f"<Error><Code>{code}</Code><Message>{message}</Message></Error>".encode())

            def answer(self, status, body, **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"

    def place(self, path):
        url = urllib.parse.urlsplit(path)
        bucket, _, key = urllib.parse.unquote(url.path).lstrip("/").partition("/")
        return bucket, key, dict(urllib.parse.parse_qsl(url.query))

    def page(self, bucket, query):
        after = query.get("continuation-token", "")
        keys = sorted(k for k in self.buckets.get(bucket, {}) if k.startswith(query.get("prefix", "")) and k > after)
        shown = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{MODIFIED}</LastModified><ETag>&quot;e&quot;</ETag>"
            f"<Size>{len(self.buckets[bucket][key])}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            for key in keys[:PAGE]
        )
        more = f"<NextContinuationToken>{escape(keys[PAGE - 1])}</NextContinuationToken>" if len(keys) > PAGE else ""
        return f"<ListBucketResult><Name>{bucket}</Name>{shown}{more}</ListBucketResult>"

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
