// One lab in the browser. All of its state is in Python: this shows what Python says and asks for
// changes. The methods of a lab stand in seven files: this one, requests.js (to the kernel and back),
// kernel.js (whether it is there), picture.js, scrubber.js (the instant that is looked at), hands.js
// (pointer and keyboard), panel.js (what stands around the picture). All use the helpers of
// elements.js. widget.py joins them to one module, with the markup (lab.html) as MARKUP.
// The way of a click: ask, next; in widget.py _on_request; here hear, answered, show.

class Lab {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.view = Math.random().toString(36).slice(2); // several views may show one lab
    this.number = 0;
    this.waiting = [];
    this.inFlight = null;
    this.stopped = false;
    this.lost = "";
    this.picture = 0;
    this.proof = "";
    this.hovered = "";
    this.gestures = 0;
    this.outdated = new Set(["token"]);
    this.build();
    this.onMessage = (message) => this.hear(message);
    model.on("msg:custom", this.onMessage);
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.main);
  }

  close() {
    this.sizes.disconnect();
    this.statuses?.disconnect();
    clearTimeout(this.rest);
    clearTimeout(this.silence);
    this.model.off("msg:custom", this.onMessage);
  }

  get gated() {
    return Boolean(this.state.gate);
  }

  get idle() {
    return !this.inFlight && this.waiting.length === 0;
  }

  // What scrolls the notebook.
  get pane() {
    return this.root.closest(".jp-WindowedPanel-outer") ?? document.scrollingElement;
  }

  // After Shift+Enter the active cell is the next one, perhaps far below: show the head of this lab.
  arrive() {
    const cell = this.root.closest(".jp-Cell");
    const active = [cell, cell?.nextElementSibling].some((each) => each?.matches(".jp-mod-active"));
    const first = !this.arrived;
    this.arrived = true;
    if (!first || !active) return;
    requestAnimationFrame(() => {
      const fits = this.root.offsetHeight <= this.pane.clientHeight;
      this.root.scrollIntoView({ block: fits ? "nearest" : "start" });
    });
  }

  build() {
    this.root.innerHTML = MARKUP;
    for (const part of this.root.querySelectorAll("[data-part]")) {
      this[part.dataset.part] = part;
      part.classList.add(`lab-${part.dataset.part}`);
    }
    this.root.className = "lab dl-theme";
    this.root.setAttribute("role", "group");
    const on = (part, type, act) => this[part].addEventListener(type, act);
    const onEnter = (part, act) => on(part, "keydown", ({ key }) => key === "Enter" && act());
    on("root", "keydown", (event) => {
      if (event.key === "Escape" && this.drag) this.cancelDrag();
      event.stopPropagation(); // JupyterLab has a command for nearly every letter
    });
    on("target", "change", () => this.ask("aim", { target: this.target.value }));
    on("stage", "pointerdown", (event) => this.grab(event));
    on("stage", "pointermove", (event) => this.pull(event));
    on("stage", "pointerup", () => this.letGo());
    on("stage", "pointercancel", () => this.cancelDrag());
    on("stage", "pointerleave", () => {
      if (this.drag || document.activeElement === this.scrub) return;
      this.looking = false;
      if (this.state) this.place();
    });
    on("stage", "keydown", (event) => this.key(event));
    on("stage", "focusin", ({ target }) => {
      const fault = target.closest("[data-fault]");
      if (fault && !this.drag) this.select(Number(fault.dataset.fault));
    });
    on("scrub", "input", () => this.scrubTo(Number(this.scrub.value)));
    on("scrub", "blur", () => { this.looking = false; this.place(); });
    on("earlier", "click", () => this.zoom(1, -0.5));
    on("wider", "click", () => this.zoom(2));
    on("closer", "click", () => this.zoom(0.5));
    on("later", "click", () => this.zoom(1, 0.5));
    on("verdicts", "pointerover", ({ target }) =>
      this.prove(this.proof, target.closest("[data-verdict]")?.dataset.verdict ?? ""));
    on("verdicts", "pointerleave", () => this.prove(this.proof, ""));
    onEnter("added", () => this.ask("add", { fault_text: this.added.value }));
    onEnter("pasted", () => this.pasteToken());
    on("paste", "click", () => this.pasteToken());
    on("copy", "click", () => this.copyToken());
    on("filter", "input", () => this.look());
    on("log", "toggle", () => this.lookWhenIdle());
    on("words", "toggle", () => this.lookWhenIdle());
  }
}

for (const methods of [requests, kernel, picture, scrubber, hands, panel]) {
  Object.defineProperties(Lab.prototype, Object.getOwnPropertyDescriptors(methods));
}

export default {
  render({ model, el }) {
    const root = document.createElement("div");
    el.append(root);
    const lab = new Lab(model, root);
    return () => lab.close();
  },
};
