// One lab in the browser. All of its state is in Python: this shows what Python says and asks for
// changes. The methods of a lab stand in five files: this one, requests.js (to the kernel and back),
// picture.js, hands.js (pointer and keyboard), panel.js (what stands around the picture). All use the
// helpers of elements.js. widget.py joins the six to one module, with the markup (lab.html) as MARKUP.
// The way of a click: ask, next; in widget.py _on_request; here hear, answered, show.

class Lab {
  constructor(model, root) {
    this.model = model;
    this.root = root;
    this.view = Math.random().toString(36).slice(2); // several views may show one lab
    this.number = 0;
    this.waiting = [];
    this.inFlight = false;
    this.picture = 0;
    this.proof = "";
    this.hovered = "";
    this.gestures = 0;
    this.outdated = new Set(["token"]);
    this.build();
    this.onMessage = (message) => this.hear(message);
    model.on("msg:custom", this.onMessage);
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.stage);
  }

  close() {
    this.sizes.disconnect();
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

  build() {
    this.root.innerHTML = MARKUP;
    for (const part of this.root.querySelectorAll("[data-part]")) {
      this[part.dataset.part] = part;
      part.className = `lab-${part.dataset.part}`;
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
    on("stage", "keydown", (event) => this.key(event));
    on("stage", "focusin", ({ target }) => {
      const fault = target.closest("[data-fault]");
      if (fault && !this.drag) this.select(Number(fault.dataset.fault));
    });
    on("scrub", "input", () => this.scrubTo(Number(this.scrub.value)));
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

Object.assign(Lab.prototype, requests, picture, hands, panel);

export default {
  render({ model, el }) {
    const root = document.createElement("div");
    el.append(root);
    const lab = new Lab(model, root);
    return () => lab.close();
  },
};
