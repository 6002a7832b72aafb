// Looks at a mail's part of HTML as programs of mail show it, with a real Chromium: wide and
// narrow, light and dark; tells what is wrong with it as lines of JSON.
//
//   node mail.mjs FILE FOLDER     pictures into FOLDER, unless it is "-"
//
// Its packages stand in the folder of the environment's ZTNA_BROWSER.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(join(process.env.ZTNA_BROWSER, "package.json"));
const { chromium } = require("playwright-core");

const LOOKS = [
  { name: "wide", width: 760, colorScheme: "light" },
  { name: "wide-dark", width: 760, colorScheme: "dark" },
  { name: "narrow", width: 320, colorScheme: "light" },
  { name: "narrow-dark", width: 320, colorScheme: "dark" },
];

// A mail stands within a page or window of its program's, so landmarks are not its own.
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const [file, folder] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox"],
});
for (const { name, width, colorScheme } of LOOKS) {
  const page = await browser.newPage({ viewport: { width, height: 600 }, colorScheme });
  const asked = [];
  page.on("request", (request) => asked.push(request.url()));
  await page.goto(pathToFileURL(file).href);
  if (folder !== "-" && ["wide", "narrow-dark"].includes(name)) {
    await page.screenshot({ path: join(folder, `mail-update-failed-${name}.png`), fullPage: true });
  }
  const tooWide = await page.evaluate(() => {
    const root = document.documentElement;
    return root.scrollWidth - root.clientWidth;
  });
  await page.addScriptTag({ path: require.resolve("axe-core") });
  const { violations } = await page.evaluate((tags) => globalThis.axe.run({ runOnly: tags }), WCAG);
  const found = violations.map((one) => `${one.id}: ${one.nodes[0].html.slice(0, 200)}`);
  // The file itself is the only thing that is asked for.
  console.log(JSON.stringify({ look: name, tooWide, found, fetched: asked.slice(1) }));
  await page.close();
}
await browser.close();
