// One lab in the browser. All of its state is in Python: this shows what Python says and asks for
// changes. The methods of a lab stand in four files by what they are about, and widget.py joins the
// files to one module: requests.js (to the kernel and back), picture.js, hands.js (pointer and
// keyboard), panel.js (what stands around the picture).
// The way of a click: ask, next; in widget.py _on_request; here hear, answered, show.

const INVITATION = "Drag a fault along the time axis: the whole history is computed anew.";
const FIRST = "Press a button to break something, then drag it along the time axis.";
const KEYS = "Keys on a fault: ← → move it by 1 ms (with Shift 10), + − change its duration, " +
  "Delete removes it, Esc cancels a drag.";

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
    const part = (name, tag = "div", attributes = {}, ...children) =>
      (this[name] = node(tag, { className: `lab-${name}`, ...attributes }, ...children));
    const input = (name, attributes, onEnter) => part(name, "input", {
      spellcheck: false, onkeydown: ({ key }) => key === "Enter" && onEnter?.(), ...attributes,
    });
    this.copy = button("Copy", { title: "Copy the token", onclick: () => this.copyToken() });
    input("filter", {
      type: "search", placeholder: "Filter, e.g. server-a or drop", ariaLabel: "Filter the log",
      oninput: () => this.look(),
    });
    input("pasted", { placeholder: "Paste a token: d1:…", ariaLabel: "Replay token to run" },
      () => this.pasteToken());
    input("added", {
      placeholder: "Another fault, e.g. crash:NAME@120+300", ariaLabel: "Add a fault as text",
    }, () => this.ask("add", { fault_text: this.added.value }));
    this.root.replaceChildren(
      node("header", { className: "lab-head" },
        part("title", "h3"), part("outcome", "span"), part("claim", "p"),
        part("invitation", "p"), part("history", "span")),
      part("gate", "p", { hidden: true, role: "note" }),
      node("div", { className: "lab-tools", role: "group", ariaLabel: "Faults" },
        node("label", {}, "At ", part("instant", "b"), " break ", part("target", "select", {
          title: "Which machine or link the fault buttons are for",
          onchange: () => this.ask("aim", { target: this.target.value }),
        })),
        part("verbs", "span")),
      part("stage", "div", {
        onpointerdown: (event) => this.grab(event),
        onpointermove: (event) => this.pull(event),
        onpointerup: () => this.letGo(),
        onpointercancel: () => this.cancelDrag(),
        onkeydown: (event) => this.key(event),
        onfocusin: ({ target }) => {
          const fault = target.closest("[data-fault]");
          if (fault && !this.drag) this.select(Number(fault.dataset.fault));
        },
      },
        part("drawing"), part("overlay", "div", { ariaHidden: "true" },
          part("cursor"), part("end", "div", { title: "Drag the end of this fault", hidden: true }),
          part("readout", "div", { hidden: true }))),
      part("strip"), part("caption", "p"),
      node("label", { className: "lab-look" }, part("gutter", "span", {}, "look at"), part("scrub", "input", {
        type: "range", step: "any", ariaLabel: "Instant to look at, in milliseconds",
        oninput: () => this.scrubTo(Number(this.scrub.value)),
      })),
      node("div", { className: "lab-now" },
        part("states", "ul", { ariaLabel: "Machines at this instant" }),
        node("span", { className: "lab-windows", role: "group", ariaLabel: "Stretch of time shown" },
          button("◀", { title: "Show what is earlier", onclick: () => this.zoom(1, -0.5) }),
          button("−", { title: "Show more time", onclick: () => this.zoom(2) }),
          button("+", { title: "Show less time, around the instant looked at", onclick: () => this.zoom(0.5) }),
          button("▶", { title: "Show what is later", onclick: () => this.zoom(1, 0.5) }))),
      part("instruments"),
      part("error", "p", { role: "alert" }),
      part("notice", "p", { role: "note" }),
      part("status", "p", { role: "status", ariaLive: "polite" }),
      node("div", { className: "lab-panels" },
        node("section", {}, node("h4", {}, "Verdicts"), part("verdicts", "div", {
          onpointerover: ({ target }) =>
            this.prove(this.proof, target.closest("[data-verdict]")?.dataset.verdict ?? ""),
          onpointerleave: () => this.prove(this.proof, ""),
        })),
        node("section", {}, node("h4", {}, "Knobs"), part("variants"), part("knobs")),
        node("section", {}, node("h4", {}, "Faults of this run"), part("faults", "ul"), this.added,
          node("p", { className: "lab-keys" }, KEYS))),
      node("div", { className: "lab-replay" },
        node("span", {}, "Replay token"), part("token", "code"), this.copy, this.pasted,
        button("Run it", { title: "Go to the run that the token names", onclick: () => this.pasteToken() })),
      part("log", "details", { ontoggle: () => this.lookWhenIdle() },
        node("summary", {}, "Event log"), this.filter, part("found", "span"), part("lines", "ol")),
      part("words", "details", { ontoggle: () => this.lookWhenIdle() },
        node("summary", {}, "The picture in words"), part("text", "pre")),
    );
    this.root.className = "lab dl-theme";
    this.root.setAttribute("role", "group");
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.drag) this.cancelDrag();
      event.stopPropagation(); // JupyterLab has a command for nearly every letter
    });
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
