// Looks at the page with a real Chromium, and tells what it saw as lines of JSON.
//
//   node browser.mjs look BASE FOLDER VIEW...   each view, wide and narrow, light and dark:
//                                               what is wrong with it; pictures into FOLDER
//   node browser.mjs guard BASE VIEW...         what runs that should not, as dialogs and
//                                               violations of the content policy
//   node browser.mjs watch BASE                 "fresh", then "stale" with its words when the
//                                               agent is gone, then "fresh" again, and ends
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { hasPicture, judge, looks, require, tell, withBrowser } from "./chromium.mjs";

const { HtmlValidate } = await import(pathToFileURL(require.resolve("html-validate")));

const PATIENCE_MS = 60_000;
const [task, base, ...rest] = process.argv.slice(2);

const LOOKS = looks(1280);

// What only tells of the machine that the pictures are taken on.
const OF_THIS_MACHINE = ["Kernel", "Largest other process", "Busiest other process"]
  .map((name) => `dt:text-is("${name}") + dd`)
  .join(", ");

// What the HTML standard objects to.
async function faults(html) {
  const rules = { "no-trailing-whitespace": "off", "long-title": "off" };
  const judged = new HtmlValidate({ root: true, extends: ["html-validate:standard"], rules });
  const { results } = await judged.validateString(html);
  const messages = results.flatMap((result) => result.messages);
  return messages.map((one) => `line ${one.line}: ${one.ruleId}: ${one.message}`);
}

async function look(browser, [folder, ...views]) {
  for (const { name, width, colorScheme } of LOOKS) {
    const context = await browser.newContext({
      viewport: { width, height: 900 },
      colorScheme,
      bypassCSP: true,
    });
    const page = await context.newPage();
    const troubles = [];
    page.on("pageerror", (error) => troubles.push(error.message));
    for (const view of views) {
      const answer = await page.goto(base + view);
      const errors = name === "wide" ? await faults(await answer.text()) : [];
      const file = view.replace(/[^a-z0-9]+/gi, "-").replace(/^-|-$/g, "") || "connectors";
      if (hasPicture(folder, name)) {
        const path = join(folder, `page-${file}-${name}.png`);
        await page.screenshot({ path, mask: [page.locator(OF_THIS_MACHINE)], maskColor: "#999" });
      }
      const { tooWide, found } = await judge(page);
      tell({ look: name, view, tooWide, found, errors, troubles: troubles.splice(0) });
    }
    await context.close();
  }
}

async function guard(browser, views) {
  const context = await browser.newContext();
  const page = await context.newPage();
  const ran = [];
  page.on("dialog", (dialog) => {
    ran.push(`dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  page.on("pageerror", (error) => ran.push(`error: ${error.message}`));
  page.on("request", (request) => {
    if (!request.url().startsWith(base)) ran.push(`request: ${request.url()}`);
  });
  await page.exposeFunction("tellViolation", (what) => ran.push(`violation: ${what}`));
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) => {
      globalThis.tellViolation(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`);
    });
  });
  for (const view of views) {
    await page.goto(base + view);
    const title = await page.title();
    // Once more, all of it put there by the script, which keeps what has not changed.
    await page.evaluate(() => {
      for (const id of ["standing", "live"]) document.getElementById(id).replaceChildren();
    });
    const parts = page.locator("#standing > .headline, #live > .ready");
    await parts.nth(1).waitFor({ state: "attached", timeout: 10_000 }).catch(() => {});
    const replaced = (await parts.count()) === 2;
    const text = await page.textContent("main");
    tell({ view, title, replaced, ran: ran.splice(0), hostile: text.split("alert(1)").length - 1 });
  }
}

async function watch(browser) {
  const page = await browser.newPage();
  await page.goto(base);
  await page.locator("summary").first().focus();
  const words = () => page.textContent("#stale");
  const until = (isStale) =>
    page.waitForFunction(
      (wanted) => (document.getElementById("stale").textContent !== "") === wanted,
      isStale,
      { timeout: PATIENCE_MS },
    );
  tell({ state: "fresh", words: await words() });
  await until(true);
  tell({ state: "stale", words: await words() });
  await until(false);
  const focus = await page.evaluate(() => document.activeElement.tagName);
  tell({ state: "fresh", words: await words(), focus });
}

await withBrowser((browser) => ({ look, guard, watch })[task](browser, rest));
