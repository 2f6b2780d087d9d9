"use strict";
// Each block of code gets a button that copies it; the text can be selected without.
for (const block of document.querySelectorAll("pre")) {
  const frame = document.createElement("div");
  const button = document.createElement("button");
  frame.className = "code";
  button.className = "copy";
  button.type = "button";
  button.textContent = "Copy";
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(block);
    try {
      await navigator.clipboard.writeText(block.textContent);
      getSelection().removeAllRanges();
      button.textContent = "Copied";
    } catch {
      // No clipboard for this page (plain http): what is selected can be copied with the keyboard.
      button.textContent = "Selected";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  block.before(frame);
  frame.append(block, button);
}
// Where there is room beside the text, the contents stand open there.
const contents = document.querySelector("details.contents");
if (contents) {
  const wide = matchMedia("(min-width: 75rem)");
  const fit = () => { contents.open = wide.matches; };
  wide.addEventListener("change", fit);
  fit();
}
