"""A stand-in for AWS: one endpoint for the services that speak JSON, with answers by operation, that keeps what it was asked."""

import http.server
import json
import threading


class Aws:
    """`answers` has for an operation, `GetJobRun`, its answer or a function of the input that gives it; an answer that is a pair
    of a status and a document is an error."""

    def __init__(self, answers):
        self.answers, self.asked, lock = answers, [], threading.Lock()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                operation = self.headers.get("X-Amz-Target", "").rsplit(".", 1)[-1]
                document = json.loads(body or b"{}")
                with lock:
                    outer.asked.append((operation, document))
                    answer = outer.answers.get(operation, (400, {"__type": "UnknownOperationException", "message": operation}))
                    answer = answer(document) if callable(answer) else answer
                status, answer = answer if isinstance(answer, tuple) else (200, answer)
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.1")
                self.send_header("x-amzn-RequestId", "00000000-0000-0000-0000-000000000000")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def operations(self):
        return [operation for operation, _ in list(self.asked)]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
