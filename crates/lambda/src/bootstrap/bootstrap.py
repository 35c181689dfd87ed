"""Runs a Python function for the local host.

Usage: bootstrap.py PARENT_PID own|auto

With `auto` the calls are taken by AWS's own client, awslambdaric, where it can be imported; otherwise, and with
`own`, by the client below, which speaks the same Lambda Runtime API and reports errors in the same form.
"""

import importlib
import json
import logging
import os
import signal
import sys
import threading
import time
import traceback

_API = "/2018-06-01/runtime"
_request_id = None


class Fault(Exception):
    """An error of the function's set-up or of its result that Lambda names itself."""

    def __init__(self, error_type, message, trace=None):
        super().__init__(message)
        self.error_type = error_type
        self.trace = trace or []


class Context:
    """What a handler gets as its second argument."""

    def __init__(self, headers):
        client_context = headers.get("Lambda-Runtime-Client-Context")
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self.identity = Attributes({"cognito_identity_id": None, "cognito_identity_pool_id": None})
        self.client_context = _client_context(client_context)
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(self._deadline_ms - int(time.time() * 1000), 0)

    def log(self, message):
        sys.stdout.write(str(message))


class Attributes:
    def __init__(self, values):
        self.__dict__.update(values)


def _client_context(text):
    if not text:
        return None
    try:
        fields = json.loads(text.encode("latin-1").decode("utf-8"))
    except ValueError as error:
        raise Fault("Runtime.LambdaContextUnmarshalError", "Unable to parse Client Context JSON: %s" % error)
    names = ("installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name")
    client = fields.get("client") or {}
    return Attributes({
        "custom": fields.get("custom"),
        "env": fields.get("env"),
        "client": Attributes({name: client.get(name) for name in names}),
    })


class Encoder(json.JSONEncoder):
    """Decimals become numbers, as in awslambdaric."""

    def default(self, value):
        import decimal

        if isinstance(value, decimal.Decimal):
            return float(value) if value % 1 else int(value)
        return super().default(value)


class RuntimeApi:
    """The Lambda Runtime API over one kept connection."""

    def __init__(self):
        import http.client

        host, port = os.environ["AWS_LAMBDA_RUNTIME_API"].rsplit(":", 1)
        self._connection = http.client.HTTPConnection(host, int(port))

    def next(self):
        return self._call("GET", "/invocation/next")

    def post(self, path, body, error_type=None):
        headers = {"Content-Type": "application/json"}
        if error_type:
            headers["Lambda-Runtime-Function-Error-Type"] = ascii(error_type).strip("'")
        self._call("POST", path, body, headers)

    def _call(self, method, path, body=None, headers={}):
        self._connection.request(method, _API + path, body, headers)
        response = self._connection.getresponse()
        return response.headers, response.read()


class LogHandler(logging.Handler):
    def emit(self, record):
        record.aws_request_id = _request_id or ""
        sys.stdout.write(self.format(record))
        sys.stdout.flush()


def end_with_parent(parent):
    """Ends this process and its children when the host is gone, even in the middle of a long call."""

    def watch():
        while os.getppid() == parent:
            time.sleep(0.5)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


def load_handler(name):
    """The function named by `module.function`; `module` may have folders in it."""
    module_name, dot, function_name = name.rpartition(".")
    if not dot:
        raise Fault("Runtime.MalformedHandlerName",
                    "Bad handler '%s': not enough values to unpack (expected 2, got 1)" % name)
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("Runtime.BuiltInModuleConflict",
                    "Cannot use built-in module %s as a handler module" % module_name)
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("Runtime.ImportModuleError", "Unable to import module '%s': %s" % (module_name, error))
    except SyntaxError as error:
        raise Fault("Runtime.UserCodeSyntaxError", "Syntax error in module '%s': %s" % (module_name, error),
                    ['  File "%s" Line %s\n    %s' % (error.filename, error.lineno, error.text)])
    try:
        return getattr(module, function_name)
    except AttributeError:
        raise Fault("Runtime.HandlerNotFound", "Handler '%s' missing on module '%s'" % (function_name, module_name))


def describe(error, request_id=""):
    """The error document Lambda answers with. Frames of this file are left out of the trace."""
    if isinstance(error, Fault):
        kind, trace = error.error_type, error.trace
    else:
        kind = type(error).__name__
        frames = traceback.extract_tb(error.__traceback__)
        while frames and frames[0].filename == __file__:
            frames.pop(0)
        trace = traceback.format_list([(f.filename, f.lineno, f.name, f.line) for f in frames])
    return {"errorMessage": str(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def log_error(document):
    lines = ["[ERROR] %s: %s" % (document["errorType"], document["errorMessage"]),
             "Traceback (most recent call last):"]
    lines += [line for entry in document["stackTrace"] for line in entry.splitlines()]
    sys.stdout.write("\n".join(lines) + "\n")


def answer(api, handler, headers, body):
    """Runs one call and posts what came of it. SystemExit and the like end the process, as on AWS."""
    global _request_id
    _request_id = headers["Lambda-Runtime-Aws-Request-Id"]
    os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
    try:
        context = Context(headers)
        try:
            event = json.loads(body)
        except ValueError as error:
            raise Fault("Runtime.UnmarshalError", "Unable to unmarshal input: %s" % error)
        result = handler(event, context)
        try:
            # Bytes are the response as they stand, as with AWS's own client.
            text = result
            if not isinstance(result, bytes):
                text = json.dumps(result, cls=Encoder, ensure_ascii=False).encode("utf-8")
        except Exception as error:
            raise Fault("Runtime.MarshalError", "Unable to marshal response: %s" % error)
        path, error_type = "response", None
    except Exception as error:
        document = describe(error, _request_id)
        log_error(document)
        text, path, error_type = json.dumps(document).encode("utf-8"), "error", document["errorType"]
    sys.stdout.flush()
    sys.stderr.flush()
    api.post("/invocation/%s/%s" % (_request_id, path), text, error_type)


def run(handler_name):
    api = RuntimeApi()
    logging.Formatter.converter = time.gmtime
    log_handler = LogHandler()
    log_handler.setFormatter(logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"))
    logging.getLogger().addHandler(log_handler)
    try:
        handler = load_handler(handler_name)
    except Exception as error:
        document = describe(error)
        log_error(document)
        sys.stdout.flush()
        api.post("/init/error", json.dumps(document).encode("utf-8"), document["errorType"])
        sys.exit(1)
    while True:
        headers, body = api.next()
        answer(api, handler, headers, body)


def main():
    parent, client = int(sys.argv[1]), sys.argv[2]
    handler_name = os.environ["_HANDLER"]
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    end_with_parent(parent)
    if client == "auto":
        try:
            from awslambdaric.__main__ import main as awslambdaric_main
        except ImportError:
            pass
        else:
            return awslambdaric_main(["bootstrap.py", handler_name])
    run(handler_name)


if __name__ == "__main__":
    try:
        main()
    except (ConnectionError, TimeoutError):
        # The host closed the connection: this worker is no longer wanted.
        sys.exit(0)
