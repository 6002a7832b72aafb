// Looks at a mail's part of HTML as programs of mail show it, with a real Chromium: wide and
// narrow, light and dark; tells what is wrong with it as lines of JSON.
//
//   node mail.mjs FILE FOLDER     pictures into FOLDER, unless it is "-"
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { hasPicture, judge, looks, tell, withBrowser } from "./chromium.mjs";

// A mail stands within a page or window of its program's, so landmarks are not its own.
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const [file, folder] = process.argv.slice(2);

await withBrowser(async (browser) => {
  for (const { name, width, colorScheme } of looks(760)) {
    const page = await browser.newPage({ viewport: { width, height: 600 }, colorScheme });
    const asked = [];
    page.on("request", (request) => asked.push(request.url()));
    await page.goto(pathToFileURL(file).href);
    if (hasPicture(folder, name)) {
      const path = join(folder, `mail-update-failed-${name}.png`);
      await page.screenshot({ path, fullPage: true });
    }
    const { tooWide, found } = await judge(page, { runOnly: WCAG });
    // The file itself is the only thing that is asked for.
    tell({ look: name, tooWide, found, fetched: asked.slice(1) });
    await page.close();
  }
});
