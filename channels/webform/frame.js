// Tells the page around us how tall we are; see embed.js.
(() => {
  const tell = () => parent.postMessage({ complaintFormHeight: Math.ceil(document.body.getBoundingClientRect().height) }, "*");
  new ResizeObserver(tell).observe(document.body);
})();
