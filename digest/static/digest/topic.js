/* Boxes and text of a topic follow each other while somebody types, and so does what it brings.
   The page is whole without this: it presses "Show" by itself and puts the answer in place. Nothing is kept by it. */
(() => {
  "use strict";
  const form = document.querySelector("form.sheet");
  const followers = ["boxes", "sayings", "brings"]; // what the server may say anew
  const quiet = 700; // milliseconds without a key before the server is asked
  const byId = (id, page = document) => page.getElementById(id);
  if (!form || !followers.every((id) => byId(id))) return;
  let timer = 0;
  let asked = 0; // counts keys and questions: an answer to what has been typed over since is not taken

  const leads = (box) => box.id === "q" || box.closest("#boxes") || ["boosts", "threshold", "cap"].includes(box.id);

  /* Values and descriptions of boxes that stay where they are, because somebody is in one of them. */
  const fill = (old, fresh, typed) => {
    for (const box of fresh.querySelectorAll("textarea, input")) {
      const mine = byId(box.id);
      if (mine && mine !== typed && old.contains(mine)) mine.value = box.value;
    }
  };

  /* The element itself stays where it can: what it says is then read out to those who don't see it. */
  const renew = (old, fresh) => {
    if (old.tagName === fresh.tagName) old.replaceChildren(...fresh.childNodes);
    else old.replaceWith(fresh);
  };

  const describe = (old, fresh) => {
    for (const name of ["aria-invalid", "aria-describedby"]) {
      const value = fresh.getAttribute(name);
      if (value === null) old.removeAttribute(name);
      else old.setAttribute(name, value);
    }
  };

  const take = (page, typed) => {
    if (!followers.every((id) => byId(id, page))) return;
    const here = document.activeElement;
    for (const id of followers) {
      const old = byId(id);
      const fresh = byId(id, page);
      if (old.contains(here) && byId(here.id, page)) fill(old, fresh, typed);
      else renew(old, document.importNode(fresh, true));
    }
    const text = byId("q");
    if (text !== typed) text.value = byId("q", page).value;
    describe(text, byId("q", page));
    for (const name of ["was_text", "was_boxes"]) {
      form.elements[name].value = page.querySelector(`[name=${name}]`).value;
    }
  };

  const ask = async (typed) => {
    const mine = ++asked;
    const data = new FormData(form);
    data.set("do", "preview");
    data.delete("email"); // a preview has no use for it
    try {
      const answer = await fetch(form.action, { method: "POST", body: data, redirect: "error" });
      if (!answer.ok) return; // asked too often, or the link has ended: the button says so
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (mine === asked) take(page, typed);
    } catch {
      // no connection: the button is still there
    }
  };

  form.addEventListener("input", (event) => {
    clearTimeout(timer);
    asked += 1;
    if (leads(event.target)) timer = setTimeout(() => ask(event.target), quiet);
  });
  form.addEventListener("submit", () => clearTimeout(timer));
})();
