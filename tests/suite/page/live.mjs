// Does to the live page what people do, and tells what became of it as lines of JSON.
//
//   node live.mjs crowd BASE    many tabs in one browser: whether all of them stay fresh
//   node live.mjs hands BASE    presses and marks while the page is renewed, and how it speaks
//                               of refusals; "marked", then "stale" when the agent is gone
//   node live.mjs silencer BASE as alice: the focus among silences; "typed", "stale" when
//                               the agent is gone, and what becomes of the form afterwards
import { tell, withBrowser } from "./chromium.mjs";

const TABS = 9; // a browser has six connections for one server
const PATIENCE = { timeout: 60_000 };
const [task, base] = process.argv.slice(2);

const taken = (page) => page.textContent(".taken");
const renewed = async (page, before) => {
  const isOther = (old) => document.querySelector(".taken").textContent !== old;
  await page.waitForFunction(isOther, before, PATIENCE);
};
const noted = (page, words) =>
  page.waitForFunction(
    (wanted) => document.getElementById("stale").textContent.includes(wanted),
    words,
    PATIENCE,
  );

async function crowd(browser) {
  const context = await browser.newContext();
  const streams = [];
  context.on("request", (one) => one.url().endsWith("/stream") && streams.push(one));
  const pages = [];
  for (let number = 0; number < TABS; number += 1) {
    const page = await context.newPage();
    await page.goto(base, PATIENCE);
    pages.push(page);
  }
  const first = streams.length;
  const stayFresh = async (tabs) => {
    const before = await Promise.all(tabs.map(taken));
    await Promise.all(tabs.map((tab, number) => renewed(tab, before[number])));
  };
  await stayFresh(pages);
  // The tab that has the stream goes; another one takes it up.
  const [next] = await Promise.all([
    context.waitForEvent("request", { predicate: (one) => one.url().endsWith("/stream") }),
    pages[0].close(),
  ]);
  await stayFresh(pages.slice(1));
  tell({ tabs: pages.length, first, next: next.url().slice(base.length) });
}

// A link stays under the finger while the page learns of two turns.
async function press(page) {
  const link = page.locator("#live th a").first();
  const handle = await link.elementHandle();
  const box = await link.boundingBox();
  await page.mouse.move(box.x + 3, box.y + 3);
  await page.mouse.down();
  const isPage = (one) => one.url() === `${base}/`;
  await page.waitForResponse(isPage, PATIENCE);
  await page.waitForResponse(isPage, PATIENCE);
  const isThere = await handle.evaluate((node) => node.isConnected);
  await Promise.all([page.waitForURL("**/connectors/*", PATIENCE), page.mouse.up()]);
  tell({ did: "press", isThere });
}

async function mark(page, part) {
  await page.goto(base, PATIENCE);
  const marked = await page.evaluate((wanted) => {
    document.getSelection().selectAllChildren(document.querySelector(wanted));
    return document.getSelection().toString();
  }, part);
  const before = await taken(page);
  await page.waitForSelector("#held:not([hidden])", PATIENCE);
  // What the first answer would do is done when the second one comes.
  await page.waitForResponse(`${base}/`, PATIENCE);
  await page.waitForResponse(`${base}/`, PATIENCE);
  const still = await page.evaluate(() => document.getSelection().toString());
  const isOfOneMoment = (await taken(page)) === before;
  await page.click("#go-on");
  await page.waitForSelector("#held", { state: "hidden", ...PATIENCE });
  tell({ did: "mark", isKept: marked !== "" && still === marked, isOfOneMoment });
}

// Somebody scrolls by a key that repeats: the page goes on meanwhile.
async function hold(page) {
  const before = await taken(page);
  let isRenewed = false;
  const until = renewed(page, before).then(() => (isRenewed = true));
  while (!isRenewed) {
    await page.keyboard.down("ArrowDown");
    await page.waitForTimeout(100);
  }
  await until;
  await page.keyboard.up("ArrowDown");
  tell({ did: "hold" });
}

// What is said of a page that is there no more, over two questions and the turns between.
async function refuse(page) {
  await page.evaluate(() => {
    globalThis.said = [];
    const hear = () => globalThis.said.push(document.getElementById("stale").textContent);
    const how = { childList: true, characterData: true, subtree: true };
    new MutationObserver(hear).observe(document.getElementById("stale"), how);
  });
  let asked = 0;
  await page.route(`${base}/`, (route) => {
    asked += 1;
    return route.fulfill({ status: 404, body: "Not found." });
  });
  while (asked < 2) await page.waitForResponse(`${base}/`, PATIENCE);
  const said = await page.evaluate(() => globalThis.said);
  await page.unroute(`${base}/`);
  await page.waitForFunction(() => !document.getElementById("stale").textContent, null, PATIENCE);
  tell({ did: "refuse", said });
}

async function hands(browser) {
  const page = await browser.newPage();
  await page.goto(base, PATIENCE);
  await press(page);
  await mark(page, "#live tbody");
  await mark(page, "#standing .headline");
  await hold(page);
  await refuse(page);
  await page.evaluate(() =>
    document.getSelection().selectAllChildren(document.querySelector("#live tbody")),
  );
  await page.waitForSelector("#held:not([hidden])", PATIENCE);
  tell({ did: "marked" });
  await noted(page, "Stale since ");
  const noticed = new Date().toISOString().slice(11, 19);
  const isHeld = await page.isVisible("#held");
  // Later, what had been held is shown. It is as old as it is.
  await page.waitForEvent("requestfailed", PATIENCE);
  await page.waitForEvent("requestfailed", PATIENCE);
  await page.click("#go-on");
  await page.waitForSelector("#held", { state: "hidden", ...PATIENCE });
  // The note speaks of a failure when the next one comes.
  await page.waitForEvent("requestfailed", PATIENCE);
  await page.waitForEvent("requestfailed", PATIENCE);
  const since = (await page.textContent("#stale")).match(/Stale since (\S+) UTC/)[1];
  tell({ did: "stale", isHeld, noticed, since });
}

async function silencer(browser) {
  const credentials = { username: "alice", password: "sesame" };
  const authorization = `Basic ${btoa("alice:sesame")}`;
  const silence = async (matcher) => {
    const answer = await fetch(`${base}/api/v1/silences`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ matchers: [matcher], for: "2h", why: "test" }),
    });
    return (await answer.json()).id;
  };
  const end = (id) =>
    fetch(`${base}/api/v1/silences/${id}/end`, {
      method: "POST",
      headers: { authorization, "content-type": "application/json" },
    });
  const context = await browser.newContext({ httpCredentials: credentials });
  const page = await context.newPage();
  const buttons = page.locator("#live form button");
  const until = (count) =>
    page.waitForFunction(
      (wanted) => document.querySelectorAll("#live form button").length === wanted,
      count,
      PATIENCE,
    );
  const focus = () =>
    page.evaluate(() => document.activeElement.form?.getAttribute("action") ?? "none");
  const ids = [await silence("connector=a"), await silence("connector=b")];
  await page.goto(`${base}/alerts`, PATIENCE);
  await until(2);
  // The one that stands last: what is made or ended before it moves it.
  await buttons.last().focus();
  const own = await focus();
  const other = ids.find((id) => !own.includes(id));
  await end(other);
  await until(1);
  const moved = await focus();
  const more = await silence("connector=c");
  await until(2);
  const after = await focus();
  await end(ids.find((id) => id !== other));
  await until(1);
  tell({ did: "focus", isKept: own === moved && own === after, gone: await focus() });
  await end(more);
  await until(0);

  await page.click("#silence-form summary");
  await page.fill("[name=matcher]", "connector=d");
  await page.fill("[name=why]", "typed before the restart");
  tell({ did: "typed" });
  await noted(page, "Stale since ");
  tell({ did: "stale" });
  await page.waitForFunction(() => !document.getElementById("stale").textContent, null, PATIENCE);
  const [answer] = await Promise.all([
    page.waitForResponse((one) => one.request().method() === "POST", PATIENCE),
    page.click("#silence-form button"),
  ]);
  await page.waitForSelector("text=typed before the restart", PATIENCE);
  tell({ did: "sent", status: answer.status() });

  // A form with a token of nobody's is answered for people.
  await page.click("#silence-form summary");
  await page.evaluate(() =>
    document.querySelector("#silence-form [name=token]").setAttribute("name", "lost"),
  );
  await page.fill("[name=matcher]", "connector=e");
  await page.fill("[name=why]", "x");
  await page.click("#silence-form button");
  await page.waitForSelector("text=Not done", PATIENCE);
  const words = await page.textContent("main");
  await page.click("main a");
  await page.waitForURL("**/alerts", PATIENCE);
  tell({ did: "refused", words });
}

await withBrowser((browser) => ({ crowd, hands, silencer })[task](browser));
