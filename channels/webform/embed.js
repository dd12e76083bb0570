// SPDX-License-Identifier: Apache-2.0
// Shows the complaint form where this script tag stands: <script src="…/forms/support.js" defer></script>
// Optional: data-lang="fi" (default: the language of the page).
(() => {
  const script = document.currentScript;
  const titles = "TITLES";
  const url = new URL(script.src);
  url.pathname = url.pathname.replace(/\.js$/, "");
  url.search = "";
  const language = (script.dataset.lang || document.documentElement.lang).toLowerCase().split("-")[0];
  if (titles[language]) url.searchParams.set("lang", language);
  url.searchParams.set("embed", "1");

  const frame = document.createElement("iframe");
  frame.src = url.href;
  frame.title = titles[language] || titles.en;
  Object.assign(frame.style, { display: "block", border: "0", width: "100%", height: "60rem", colorScheme: "normal" });
  addEventListener("message", (event) => {
    const height = event.data && event.data.complaintFormHeight;
    if (event.source === frame.contentWindow && event.origin === url.origin && Number.isFinite(height)) {
      frame.style.height = `${Math.min(Math.max(height, 200), 6000)}px`;
    }
  });
  if (script.closest("head")) document.body.append(frame);
  else script.after(frame);
})();
