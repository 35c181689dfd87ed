// Finds packages of layers for ES modules: Node looks at NODE_PATH for CommonJS alone, Lambda for both.

import path from 'node:path';
import { pathToFileURL } from 'node:url';

const folders = (process.env.NODE_PATH ?? '').split(':').filter((folder) => path.basename(folder) === 'node_modules');

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error?.code !== 'ERR_MODULE_NOT_FOUND' || /^(\.{0,2}\/|[a-z]+:)/.test(specifier)) throw error;
    for (const folder of folders) {
      try {
        // As if a module beside the folder had asked.
        const parentURL = pathToFileURL(path.join(path.dirname(folder), 'module.mjs')).href;
        return await next(specifier, { ...context, parentURL });
      } catch (other) {
        if (other?.code !== 'ERR_MODULE_NOT_FOUND') throw other;
      }
    }
    throw error;
  }
}
