// A page that has changed fetches itself and puts its living parts in place. Without this script all works by reload.
(() => {
  "use strict";
  if (!window.EventSource || !document.querySelector("[data-live]")) return;
  let busy = false;
  let again = false;

  const typing = (part) => {
    const active = document.activeElement;
    if (active && active !== document.body && part.contains(active) && active.matches("input, textarea, select")) return true;
    return [...part.querySelectorAll("textarea, input:not([type=hidden]):not([type=checkbox])")].some((f) => f.value !== f.defaultValue);
  };

  const replace = (part, fresh) => {
    if (part.innerHTML === fresh.innerHTML || typing(part)) return;
    const open = [...part.querySelectorAll("details[open][id]")].map((one) => one.id);
    const active = document.activeElement && part.contains(document.activeElement) ? document.activeElement : null;
    const held = active && active.matches("a[href]") ? active.getAttribute("href") : null;
    part.replaceChildren(...fresh.childNodes);
    part.className = fresh.className;
    open.forEach((id) => { const one = document.getElementById(id); if (one) one.open = true; });
    if (held) { const same = [...part.querySelectorAll("a[href]")].find((a) => a.getAttribute("href") === held); if (same) same.focus({ preventScroll: true }); }
  };

  const refresh = async () => {
    if (document.hidden) { again = true; return; }
    if (busy) { again = true; return; }
    busy = true;
    again = false;
    try {
      const answer = await fetch(location.href, { credentials: "same-origin", headers: { accept: "text/html", "x-live": "1" } });
      if (answer.redirected && new URL(answer.url).pathname === "/sign-in") { location.reload(); return; }
      if (!answer.ok) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.querySelectorAll("[data-live]").forEach((part) => {
        const same = part.id && fresh.getElementById(part.id);
        if (same) replace(part, same);
      });
    } catch {
      again = true; // the server is away; the stream tells when it is back
    } finally {
      busy = false;
      if (again && !document.hidden) setTimeout(refresh, 1000);
    }
  };

  const sign = document.querySelector(".live-sign");
  const stream = new EventSource("/live");
  stream.addEventListener("ready", () => { if (sign) sign.hidden = false; document.documentElement.dataset.stream = "ready"; if (again) refresh(); });
  stream.addEventListener("changed", refresh);
  stream.onerror = () => { if (sign) sign.hidden = true; again = true; };
  document.addEventListener("visibilitychange", () => { if (!document.hidden && again) refresh(); });
})();
