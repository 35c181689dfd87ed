// Records what the reference answers, for tests/recorded.rs. Development only:
//   npm install --prefix /tmp/reference jsonata@2.2.2
//   node record.mjs /tmp/reference/node_modules/jsonata SUITE_FOLDER
import { createRequire } from 'node:module';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join, dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

const [reference, suite] = process.argv.slice(2);
const jsonata = createRequire(import.meta.url)(reference);
const here = dirname(fileURLToPath(import.meta.url));
const shown = (value) => JSON.stringify(value) ?? 'undefined';

async function answer(text, input, bindings) {
  try {
    const result = await jsonata(text).evaluate(input, bindings);
    return typeof result === 'function' ? undefined : `=> ${shown(result)}`;
  } catch (error) {
    if (!error.code) return undefined;
    return `!! ${error.code} ${error.position} ${shown(error.token)} ${shown(error.value)} | ${error.message}`;
  }
}

// Own expressions, one a line; the part behind two tabs is what was recorded before.
const own = join(here, 'expressions.txt');
const lines = [];
for (const line of readFileSync(own, 'utf8').split('\n').filter((line) => line.trim())) {
  const text = line.split('\t\t')[0];
  const recorded = await answer(text);
  if (recorded && !recorded.includes('_jsonata_')) lines.push(`${text}\t\t${recorded}`);
}
writeFileSync(own, lines.join('\n') + '\n');

// Failing cases of the suite, by name.
const failures = [];
for (const group of readdirSync(join(suite, 'groups')).sort()) {
  for (const file of readdirSync(join(suite, 'groups', group)).filter((file) => file.endsWith('.json')).sort()) {
    const content = JSON.parse(readFileSync(join(suite, 'groups', group, file)));
    for (const [index, test] of [content].flat().entries()) {
      if (!(test.code || test.error) || test.timelimit || test.depth) continue;
      const text = test['expr-file']
        ? readFileSync(join(suite, 'groups', group, test['expr-file']), 'utf8')
        : test.expr;
      const input = test.dataset ? JSON.parse(readFileSync(join(suite, 'datasets', `${test.dataset}.json`))) : test.data;
      const recorded = await answer(text, input, test.bindings);
      if (recorded?.startsWith('!!')) failures.push(`${group}/${file}/${index}\t\t${recorded}`);
    }
  }
}
writeFileSync(join(here, 'suite-failures.txt'), failures.join('\n') + '\n');
