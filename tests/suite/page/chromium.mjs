// Debian's Chromium for the scripts beside this one: how it is started, in which looks pages
// are judged, and what is wrong with one.
//
// Its packages stand in the folder of the environment's ZTNA_BROWSER.
import { createRequire } from "node:module";
import { join } from "node:path";

export const require = createRequire(join(process.env.ZTNA_BROWSER, "package.json"));
const { chromium } = require("playwright-core");

// Tells what was seen or done, as a line of JSON.
export const tell = (what) => console.log(JSON.stringify(what));

// Runs `act` with a browser, and ends the browser.
export async function withBrowser(act) {
  const browser = await chromium.launch({
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox"],
  });
  await act(browser);
  await browser.close();
}

// Wide and narrow, light and dark.
export const looks = (wide) => [
  { name: "wide", width: wide, colorScheme: "light" },
  { name: "wide-dark", width: wide, colorScheme: "dark" },
  { name: "narrow", width: 320, colorScheme: "light" },
  { name: "narrow-dark", width: 320, colorScheme: "dark" },
];

// Of the other looks a picture says nothing new.
export const hasPicture = (folder, look) =>
  folder !== "-" && ["wide", "narrow-dark"].includes(look);

// By how much a page is wider than its window, and what axe objects to. Axe is a script of
// its own, which the page's policy would rightly refuse: let the context pass it by.
export async function judge(page, options = {}) {
  const tooWide = await page.evaluate(() => {
    const root = document.documentElement;
    return root.scrollWidth - root.clientWidth;
  });
  await page.addScriptTag({ path: require.resolve("axe-core") });
  const { violations } = await page.evaluate((how) => globalThis.axe.run(how), options);
  const found = violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
  return { tooWide, found };
}
