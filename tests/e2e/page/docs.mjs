// Try an operation out in Swagger UI at /docs, and print what was asked and answered.
import { createRequire } from "node:module";
import { join } from "node:path";

const [url, executablePath, folder, packages, job] = process.argv.slice(2);
const { chromium } = createRequire(join(packages, "package.json"))("playwright-core");
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const tab = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const hosts = new Set(), faults = [];
  tab.on("request", (asked) => asked.url().startsWith("data:") || hosts.add(new URL(asked.url()).origin));
  tab.on("console", (said) => said.type() === "error" && faults.push(said.text()));
  tab.on("pageerror", (fault) => faults.push(String(fault)));
  await tab.goto(new URL("/docs", url).href);
  const operation = tab.locator("[id$=job_result]").first();
  await operation.locator("button").first().click();
  await operation.locator("input[placeholder='job_id']").fill(job);
  await operation.locator("button.execute").click();
  const answer = operation.locator(".live-responses-table");
  await answer.waitFor();
  await tab.screenshot({ path: join(folder, "docs.png") });
  const operations = await tab.locator(".opblock").count();
  console.log(JSON.stringify({ hosts: [...hosts], faults, operations, answer: await answer.innerText() }));
} finally {
  await browser.close();
}
