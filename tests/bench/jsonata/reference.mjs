// Nanoseconds of one evaluation by the reference, for each expression: one line of JSON each.
// Usage: node reference.mjs EXPRESSIONS.json INPUT.json SECONDS
import { readFileSync } from "node:fs";
import jsonata from "jsonata";

const [expressions, input] = process.argv.slice(2, 4).map((path) => JSON.parse(readFileSync(path, "utf8")));
const seconds = Number(process.argv[4]);
const bindings = { states: { input } };

for (const text of expressions) {
  const expression = jsonata(text);
  const result = await expression.evaluate(undefined, bindings);
  const best = await fastest(() => expression.evaluate(undefined, bindings));
  console.log(JSON.stringify({ expression: text, nanoseconds: best, result }));
}

// The mean of the fastest of ten rounds, after one that warms the compiler up.
async function fastest(call) {
  let best = Infinity;
  for (let round = 0; round <= 10; round++) {
    const end = performance.now() + (seconds * 1000) / 11;
    const start = performance.now();
    let calls = 0;
    do {
      // A few at a time, so that the clock is not what is measured.
      for (let i = 0; i < 8; i++) await call();
      calls += 8;
    } while (performance.now() < end);
    if (round > 0) best = Math.min(best, ((performance.now() - start) * 1e6) / calls);
  }
  return best;
}
