// The pages work without this script. It submits forms without leaving the page, accepts dropped files, and copies.
"use strict";
(() => {
  const answer = document.getElementById("answer");

  async function fire(form, submitter) {
    const data = new FormData(form, submitter);
    const asks = form.method === "get";
    const address = asks ? `${form.action}?${new URLSearchParams(data)}` : form.action;
    answer.setAttribute("aria-busy", "true");
    try {
      const response = await fetch(address, asks ? {} : { method: "POST", body: data });
      const page = new DOMParser().parseFromString(await response.text(), "text/html");
      const fresh = page.getElementById("answer") || page.querySelector("main");
      if (!fresh) throw new Error(String(response.status));
      const focused = document.activeElement && document.activeElement.name;
      const opened = [...answer.querySelectorAll("details[open] > summary")].map((summary) => summary.textContent.trim());
      answer.replaceChildren(...fresh.childNodes);
      if (form.hasAttribute("data-supposing")) {
        for (const summary of answer.querySelectorAll("details > summary"))
          if (opened.includes(summary.textContent.trim())) summary.parentElement.open = true;
        if (focused) answer.querySelector(`[name="${CSS.escape(focused)}"]`)?.focus();
      } else {
        answer.scrollIntoView({ block: "start" });
      }
      if (asks) history.replaceState(null, "", address);
    } catch {
      form.submit();
    } finally {
      answer.removeAttribute("aria-busy");
    }
  }

  if (answer) {
    document.addEventListener("submit", (event) => {
      if (!event.target.matches("form[data-answer]") || event.submitter?.hasAttribute("data-leave")) return;
      event.preventDefault();
      fire(event.target, event.submitter);
    });
    document.addEventListener("change", (event) => {
      const form = event.target.closest("form[data-supposing]");
      if (form && event.target.name && event.target.name.startsWith("fact.")) form.requestSubmit();
    });
  }

  for (const area of document.querySelectorAll("[data-drop]")) {
    area.addEventListener("dragover", (event) => event.preventDefault());
    area.addEventListener("drop", async (event) => {
      const file = event.dataTransfer.files[0];
      if (!file) return;
      event.preventDefault();
      area.value = await file.text();
    });
  }

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      const field = document.getElementById(button.dataset.copy);
      field.select();
      await navigator.clipboard?.writeText(field.value);
      button.textContent = "Copied";
    });
  }

  const wanted = location.hash && document.querySelector(`details${location.hash}`);
  if (wanted) wanted.open = true;
})();
