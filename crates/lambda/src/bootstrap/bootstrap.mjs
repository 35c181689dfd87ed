// Runs a Node function for the local host: loads the handler named by _HANDLER (ES module or CommonJS) and takes
// its calls over the Lambda Runtime API.
//
// Usage: node bootstrap.mjs PARENT_PID

import fs from 'node:fs';
import http from 'node:http';
import * as modules from 'node:module';
import path from 'node:path';
import util from 'node:util';
import { pathToFileURL } from 'node:url';

// Not in Node 18 before 18.19.
const { register } = modules;
const API = '/2018-06-01/runtime';
const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(':');
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
let requestId;

/** An error of the function's set-up or of its result that Lambda names itself. */
class Fault extends Error {
  constructor(name, message, stack) {
    super(message);
    this.name = name;
    if (stack) this.stack = stack;
  }
}

function call(method, url, body, headers = {}) {
  return new Promise((resolve, reject) => {
    if (body !== undefined) {
      body = Buffer.from(body);
      headers = { 'Content-Type': 'application/json', 'Content-Length': body.length, ...headers };
    }
    const request = http.request({ host, port, method, path: API + url, headers, agent }, (response) => {
      const chunks = [];
      response.on('data', (chunk) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
      response.on('error', reject);
    });
    request.setNoDelay(true);
    request.on('error', reject);
    request.end(body);
  });
}

/** The error document Lambda answers with. */
function describe(error) {
  if (error instanceof Error || util.types.isNativeError(error)) {
    return {
      errorType: String(error.name),
      errorMessage: String(error.message),
      trace: String(error.stack ?? '').split('\n'),
    };
  }
  return { errorType: typeof error, errorMessage: String(error), trace: [] };
}

function post(url, document) {
  const type = document.errorType.replace(/[^\x20-\x7e]/g, '?');
  return call('POST', url, JSON.stringify(document), { 'Lambda-Runtime-Function-Error-Type': type });
}

/** Ends this process and its children when the host is gone. */
function endWithParent(parent) {
  setInterval(() => {
    if (process.ppid !== parent) process.kill(0, 'SIGKILL');
  }, 500).unref();
}

/** Lambda's form of a log line: time, request id and level before the text. */
function patchConsole() {
  const levels = { log: 'INFO', info: 'INFO', debug: 'DEBUG', warn: 'WARN', error: 'ERROR', trace: 'TRACE' };
  for (const [name, level] of Object.entries(levels)) {
    console[name] = (...values) => {
      const text = util.format(...values).replace(/\n/g, '\r');
      process.stdout.write(`${new Date().toISOString()}\t${requestId ?? 'undefined'}\t${level}\t${text}\n`);
    };
  }
}

function modulePath(root, name) {
  for (const extension of ['', '.js', '.mjs', '.cjs']) {
    const file = path.resolve(root, name + extension);
    if (fs.statSync(file, { throwIfNoEntry: false })?.isFile()) return file;
  }
  throw new Fault('Runtime.ImportModuleError', `Error: Cannot find module '${name}'`);
}

/** The function named by `folder/module.name`; `name` may have dots in it. */
async function loadHandler(root, handler) {
  const [, name, member] = /^([^.]*)\.(.+)$/.exec(path.basename(handler)) ?? [];
  if (!name) throw new Fault('Runtime.MalformedHandlerName', 'Bad handler');
  const file = modulePath(root, path.join(path.dirname(handler), name));
  let module;
  try {
    module = await import(pathToFileURL(file).href);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw new Fault('Runtime.UserCodeSyntaxError', `SyntaxError: ${error.message}`, error.stack);
    }
    if (error?.code === 'ERR_MODULE_NOT_FOUND' || error?.code === 'MODULE_NOT_FOUND') {
      throw new Fault('Runtime.ImportModuleError', `Error: ${error.message}`, error.stack);
    }
    throw error;
  }
  // A CommonJS module's exports are the default export of its import.
  const find = (from) => member.split('.').reduce((value, key) => value?.[key], from);
  const found = find(module) ?? find(module.default);
  if (found === undefined) {
    throw new Fault('Runtime.HandlerNotFound', `${handler} is undefined or not exported`);
  }
  if (typeof found !== 'function') throw new Fault('Runtime.HandlerNotFound', `${handler} is not a function`);
  return found;
}

function makeContext(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  const clientContext = headers['lambda-runtime-client-context'];
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext ? JSON.parse(Buffer.from(clientContext, 'latin1').toString('utf8')) : undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/** Settles with the promise a handler returns, with its callback, or with nothing once nothing is left to do. */
function invoke(handler, event, context) {
  let onEmptyLoop;
  const outcome = new Promise((resolve, reject) => {
    const done = (error, result) => (error === null || error === undefined ? resolve(result) : reject(error));
    context.done = done;
    context.succeed = (result) => done(null, result);
    context.fail = (error) => done(error ?? 'handled');
    onEmptyLoop = () => resolve(undefined);
    process.once('beforeExit', onEmptyLoop);
    const returned = handler(event, context, done);
    if (typeof returned?.then === 'function') returned.then(resolve, reject);
  });
  return outcome.finally(() => process.off('beforeExit', onEmptyLoop));
}

async function answer(handler, { headers, body }) {
  requestId = headers['lambda-runtime-aws-request-id'];
  process.env._X_AMZN_TRACE_ID = headers['lambda-runtime-trace-id'] ?? '';
  let text;
  try {
    const result = await invoke(handler, JSON.parse(body.toString('utf8')), makeContext(headers));
    try {
      text = JSON.stringify(result === undefined ? null : result) ?? 'null';
    } catch (error) {
      throw new Fault('Runtime.MarshalError', `Unable to stringify response body: ${error.message}`);
    }
  } catch (error) {
    console.error('Invoke Error', error);
    await post(`/invocation/${requestId}/error`, describe(error));
    return;
  }
  await call('POST', `/invocation/${requestId}/response`, text);
}

/** A failure outside the handler's own promise ends the call, and the process, as on AWS. */
function onStray(kind) {
  return async (error) => {
    const document = describe(error);
    if (kind === 'Runtime.UnhandledPromiseRejection') {
      document.errorMessage = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      document.errorType = kind;
    }
    console.error(kind, error);
    const url = requestId ? `/invocation/${requestId}/error` : '/init/error';
    await post(url, document).catch(() => {});
    process.exit(kind === 'Runtime.UnhandledPromiseRejection' ? 128 : 129);
  };
}

// Packages of layers, for ES modules.
if (process.env.NODE_PATH && register) register('./resolve.mjs', import.meta.url);

patchConsole();
endWithParent(Number(process.argv[2]));
process.on('uncaughtException', onStray('Runtime.UncaughtException'));
process.on('unhandledRejection', onStray('Runtime.UnhandledPromiseRejection'));

let handler;
try {
  handler = await loadHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER);
} catch (error) {
  console.error('Init Error', error);
  await post('/init/error', describe(error)).catch(() => {});
  process.exit(1);
}

async function serve() {
  for (;;) {
    let event;
    try {
      event = await call('GET', '/invocation/next');
      await answer(handler, event);
    } catch (error) {
      // The host closed the connection: this worker is no longer wanted.
      process.exit(error?.code === 'ECONNREFUSED' || error?.code === 'ECONNRESET' ? 0 : 1);
    }
  }
}

serve();
