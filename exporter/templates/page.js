// Keeps the page as fresh as the agent: asks for it again after each turn that the agent
// tells of, and says so when it hears nothing. The page can be read without this file.
//
// The live parts (#standing, #live) are replaced as a whole; forms stand beside them and
// keep what is being typed. No markup is made of data here: the agent's page comes
// escaped, and is parsed without running anything.
"use strict";
(() => {
  const LIVE = ["standing", "live"];
  const PACE_MS = 2000; // between two questions
  const AGE_MS = 30000; // "5 min ago" grows old without any turn
  const SILENCE_MS = 20000; // above the agent's heartbeat of 15 s
  const REOPEN_MS = 3000;
  const PATIENCE_MS = 10000; // for one answer

  // Beside this file, wherever a proxy put both.
  const STREAM = new URL("../api/v1/stream", document.currentScript.src);

  const note = document.getElementById("stale");
  let heard = Date.now(); // when the agent was heard last
  let asked = Date.now();
  let isAsking = false;
  let isWanted = false; // there is something new
  let isLost = false;
  let stream = null;

  const clock = (ms) => new Date(ms).toISOString().slice(11, 19) + " UTC";

  const tell = (text) => {
    if (note.textContent !== text) note.textContent = text;
    note.hidden = text === "";
  };

  const hear = () => {
    heard = Date.now();
    if (isLost) isWanted = true;
    isLost = false;
    tell("");
  };

  const lose = () => {
    isLost = true;
    tell("Stale since " + clock(heard) + ": the agent does not answer. Trying again.");
  };

  // Where somebody is: the nearest name, and the place among what takes the focus there.
  const focusable = "a[href], summary, input, select, button, [tabindex]";
  const place = () => {
    const active = document.activeElement;
    const part = active && active.closest(LIVE.map((id) => "#" + id).join(", "));
    if (!part) return null;
    const all = [...part.querySelectorAll(focusable)];
    const href = active.getAttribute("href");
    const same = all.filter((one) => one.getAttribute("href") === href);
    return { part: part.id, index: all.indexOf(active), href, among: same.indexOf(active) };
  };
  const goBack = (was) => {
    if (!was) return;
    const all = [...document.getElementById(was.part).querySelectorAll(focusable)];
    const same = all.filter((one) => one.getAttribute("href") === was.href);
    const now = was.href === null ? all[was.index] : same[was.among] || same[0];
    if (now) now.focus({ preventScroll: true });
  };

  // Somebody who marks text wants to copy it.
  const isMarking = () => {
    const marked = document.getSelection();
    const live = document.getElementById("live");
    return !!marked && !marked.isCollapsed && !!live && live.contains(marked.anchorNode);
  };

  const show = (text) => {
    const fresh = new DOMParser().parseFromString(text, "text/html");
    if (LIVE.some((id) => !fresh.getElementById(id))) return false;
    const was = place();
    const scrolled = [window.scrollX, window.scrollY];
    for (const id of LIVE) {
      const old = document.getElementById(id);
      const part = document.importNode(fresh.getElementById(id), true);
      for (const details of old.querySelectorAll("details[id]")) {
        const same = part.querySelector("#" + CSS.escape(details.id));
        if (same) same.open = details.open;
      }
      old.replaceWith(part);
    }
    document.title = fresh.title;
    goBack(was);
    window.scrollTo(...scrolled);
    return true;
  };

  const ask = async () => {
    isAsking = true;
    isWanted = false;
    asked = Date.now();
    try {
      const answer = await fetch(location.href, { signal: AbortSignal.timeout(PATIENCE_MS) });
      const text = await answer.text();
      if (answer.ok && show(text)) hear();
      else tell("Stale since " + clock(heard) + ": the agent does not show this page any more.");
    } catch {
      lose();
    }
    isAsking = false;
  };

  const open = () => {
    stream = new EventSource(STREAM);
    stream.addEventListener("turn", () => {
      isWanted = true;
      hear();
    });
    stream.addEventListener("heartbeat", hear);
    stream.addEventListener("error", () => {
      // A refusal is final for the browser, not for us.
      if (stream.readyState !== EventSource.CLOSED) return;
      setTimeout(open, REOPEN_MS);
    });
  };

  // One beat decides everything, so that nothing piles up.
  const beat = () => {
    if (document.hidden || isAsking) return;
    const now = Date.now();
    const isOpen = stream.readyState === EventSource.OPEN;
    // Without a stream the question itself tells whether the agent is there.
    const isDue = isWanted || !isOpen || AGE_MS < now - asked;
    if (isOpen && SILENCE_MS < now - heard) lose();
    if (isDue && PACE_MS <= now - asked && !isMarking()) ask();
  };

  open();
  setInterval(beat, 500);
  document.addEventListener("visibilitychange", beat);
  window.addEventListener("pagehide", () => stream.close());
  window.addEventListener("pageshow", (event) => event.persisted && open());
})();
