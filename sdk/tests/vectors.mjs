// Runs the shared vectors through the JavaScript example; prints the titles that came out wrong.
import { readFileSync } from "node:fs";
import { canonical, verifyGrant, verifyWebhook } from "../examples/verify.mjs";

const [folder] = process.argv.slice(2);
const read = (name) => JSON.parse(readFileSync(`${folder}/${name}.json`, "utf8"));
const grants = read("grants");
const tried = [];

function attempt(vector, run) {
  let code = null;
  try {
    run();
  } catch {
    code = "refused";
  }
  tried.push({ title: vector.title, right: (code === null) === (vector.expect.code === null) });
}

for (const vector of grants.vectors) {
  attempt(vector, () => verifyGrant(vector.token, { keys: grants.keys, ...vector }));
}
for (const vector of read("webhooks").vectors) {
  attempt(vector, () => verifyWebhook(Buffer.from(vector.body), vector.headers, vector.secrets, vector));
}
for (const { text, value } of grants.canonical) {
  tried.push({ title: `canonical ${text}`, right: canonical(value) === text });
}
console.log(JSON.stringify({ tried: tried.length, wrong: tried.filter((each) => !each.right) }));
