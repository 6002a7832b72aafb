// Keeps the page as fresh as the agent: asks for it again after each turn that the agent
// tells of, and says so when what it shows is old. The page can be read without this file.
//
// In the live parts (#standing, #live) only what has changed is replaced, and nothing under
// somebody's finger or mark; forms stand beside them and keep what is being typed. No markup
// is made of data here: the agent's page comes escaped, and is parsed without running it.
//
// A browser has few connections for one server. So one tab that can be seen holds the
// stream and tells the others; where tabs cannot agree (locks want HTTPS or this machine's
// own address), each asks by itself.
"use strict";
(() => {
  const LIVE = ["standing", "live"];
  const PACE_MS = 2000; // between two questions
  const AGE_MS = 30000; // "5 min ago" grows old without any turn
  const SILENCE_MS = 20000; // above the agent's heartbeat of 15 s
  const REOPEN_MS = 10000; // after a refusal; else the stream itself says when
  const PATIENCE_MS = 10000; // for one answer, and after a refusal
  const PRESS_MS = 10000; // a release may never be told: that of a menu, for one
  const BUSY = [429, 503]; // passes by itself, mostly
  const REFUSALS = {
    401: "the agent wants to know who asks: load the page again to sign in",
    404: "the agent has no such page any more",
    429: "the agent is asked too often",
    503: "the agent has no time",
  };

  // Beside this file, wherever a proxy put both.
  const STREAM = new URL("../api/v1/stream", document.currentScript.src);
  const tabs = new BroadcastChannel(STREAM.href);

  const note = document.getElementById("stale");
  const held = document.getElementById("held");
  let heard = 0; // when the stream said something last; 0 if there is none
  let fresh = Date.now(); // until when what is shown was known to hold
  let asked = fresh;
  let notBefore = 0;
  let isAsking = false;
  let isWanted = false; // there is something new
  let answer = null; // a page that is not all shown yet
  let answered = 0; // when it was asked for
  let pressed = 0; // since when a pointer or a key is down
  let leave = null; // gives up the stream, or the place in the queue for it

  const tell = (text) => {
    if (note.textContent !== text) note.textContent = text;
  };
  const lose = (why) => {
    const since = new Date(fresh).toISOString().slice(11, 19);
    tell(`Stale since ${since} UTC: ${why}. Trying again.`);
  };

  const isPressed = () => Date.now() - pressed < PRESS_MS;
  // Somebody who marks text wants to copy it.
  const isMarked = (id) => {
    const marked = document.getSelection();
    return !marked.isCollapsed && marked.containsNode(document.getElementById(id), true);
  };

  // What a control does, which no other control's place in the page says.
  const focusable = "a[href], summary, button";
  const deed = (one) =>
    (one.form && one.form.getAttribute("action")) ||
    one.getAttribute("href") ||
    (one.closest("details") || one).id;
  const alike = (wanted) => {
    const all = [...document.querySelectorAll(LIVE.map((id) => "#" + id).join(", "))];
    const controls = all.flatMap((part) => [...part.querySelectorAll(focusable)]);
    return controls.filter((one) => deed(one) === wanted);
  };

  const hasWords = (node) =>
    [...node.childNodes].some((one) => one.nodeType === Node.TEXT_NODE && one.data.trim());
  const isFrame = (one, other) =>
    one.matches("section, div, table, tbody, dl, ul") &&
    one.cloneNode(false).isEqualNode(other.cloneNode(false)) &&
    !hasWords(one) &&
    !hasWords(other);

  // Makes the children of `old` those of `now`; what is the same stays the same node. What
  // bears others is entered, but no row becomes another row.
  const renew = (old, now) => {
    let next = old.firstElementChild;
    const drop = (end) => {
      while (next !== end) {
        const gone = next;
        next = next.nextElementSibling;
        gone.remove();
      }
    };
    for (const part of now.children) {
      let same = next;
      while (same && !same.isEqualNode(part)) same = same.nextElementSibling;
      if (same) drop(same);
      if (!same && next && isFrame(next, part)) renew((same = next), part);
      if (same) next = same.nextElementSibling;
      else old.insertBefore(document.importNode(part, true), next);
    }
    drop(null);
  };

  const show = () => {
    if (!answer || isPressed()) return;
    // All of it or nothing: one page is of one moment.
    const isHeld = LIVE.some(isMarked);
    held.hidden = !isHeld;
    if (isHeld) return;
    const active = document.activeElement || document.body;
    const wanted = deed(active);
    const among = alike(wanted).indexOf(active);
    for (const id of LIVE) {
      const old = document.getElementById(id);
      const now = answer.getElementById(id);
      for (const details of old.querySelectorAll("details[id]")) {
        const same = now.querySelector("#" + CSS.escape(details.id));
        if (same) same.open = details.open;
      }
      renew(old, now);
    }
    document.title = answer.title;
    const same = wanted && !active.isConnected ? alike(wanted) : [];
    if (same.length) (same[among] || same[0]).focus({ preventScroll: true });
    answer = null;
    fresh = answered;
  };

  const take = (page) => {
    // A form that was loaded before the agent's restart would not be taken.
    const token = page.querySelector("input[name=token]");
    for (const field of token ? document.querySelectorAll("input[name=token]") : []) {
      field.setAttribute("value", token.value);
    }
    answer = page;
    answered = asked;
    tell("");
    show();
  };

  const ask = async () => {
    isAsking = true;
    isWanted = false;
    asked = Date.now();
    try {
      const reply = await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE_MS) });
      const page = new DOMParser().parseFromString(await reply.text(), "text/html");
      if (reply.ok && LIVE.every((id) => page.getElementById(id))) {
        take(page);
      } else {
        notBefore = Date.now() + PATIENCE_MS;
        isWanted = true;
        const isOld = SILENCE_MS < Date.now() - fresh;
        const other = reply.ok ? "something else answers" : `the agent answers ${reply.status}`;
        if (isOld || !BUSY.includes(reply.status)) lose(REFUSALS[reply.status] || other);
      }
    } catch {
      isWanted = true;
      lose("the agent does not answer");
    }
    isAsking = false;
  };

  // Words of the stream, which say that the agent is there, not that the page is.
  const hear = (word) => {
    heard = word === "lost" ? 0 : Date.now();
    if (word === "turn") isWanted = true;
    if (word === "heartbeat" && !isWanted && !isAsking && !answer) fresh = heard;
  };
  const spread = (word) => {
    hear(word);
    tabs.postMessage(word);
  };
  const open = (signal) => {
    if (signal.aborted) return;
    const stream = new EventSource(STREAM);
    const close = () => stream.close();
    for (const word of ["turn", "heartbeat"]) stream.addEventListener(word, () => spread(word));
    stream.addEventListener("error", () => {
      spread("lost");
      // A refusal is final for the browser, not for us.
      if (stream.readyState !== EventSource.CLOSED) return;
      signal.removeEventListener("abort", close);
      setTimeout(open, REOPEN_MS, signal);
    });
    signal.addEventListener("abort", close);
  };
  const join = () => {
    if (leave || !navigator.locks) return;
    const stop = new AbortController();
    const { signal } = stop;
    leave = () => stop.abort();
    const hold = () => {
      open(signal);
      return new Promise((done) => {
        if (signal.aborted) done();
        signal.addEventListener("abort", done);
      });
    };
    navigator.locks.request(STREAM.href, { signal }, hold).catch(() => {});
  };
  const part = () => {
    if (leave) leave();
    leave = null;
    heard = 0;
    isWanted = true;
  };

  // One beat decides everything, so that nothing piles up.
  const beat = () => {
    if (document.hidden) return;
    show();
    const now = Date.now();
    // Without a stream the question itself tells whether the agent is there.
    const isDue = isWanted || SILENCE_MS < now - heard || AGE_MS < now - asked;
    if (isDue && !isAsking && notBefore <= now && PACE_MS <= now - asked) ask();
  };
  const look = () => {
    if (document.hidden) part();
    else join();
    beat();
  };

  tabs.addEventListener("message", (event) => hear(event.data));
  const press = (event) => {
    // A key that repeats, to scroll, is down since it went down.
    if (!event.repeat) pressed = Date.now();
  };
  for (const down of ["pointerdown", "keydown"]) document.addEventListener(down, press, true);
  for (const up of ["pointerup", "pointercancel", "keyup"]) {
    document.addEventListener(up, () => (pressed = 0), true);
  }
  document.getElementById("go-on").addEventListener("click", () => {
    document.getSelection().removeAllRanges();
    show();
  });
  look();
  setInterval(beat, 500);
  document.addEventListener("visibilitychange", look);
  window.addEventListener("pagehide", part);
  window.addEventListener("pageshow", look);
})();
