// One lab in the browser. All of its state is in Python; this file shows what Python says and asks
// for changes. A request is a command (a method of distlab.lab.experiment.Experiment) with its
// arguments; see widget.py for the answer. At most one request is on its way. While it is, a newer
// request of the same kind takes the place of the one that waits: the latest drag wins.
// The way of a click: ask, next; in widget.py _on_request; here heard, answered, show.

const INVITATION = "Drag a fault along the time axis: the whole history is computed anew.";
const FIRST = "Press a button to break something, then drag it along the time axis.";
const KEYS = "Keys on a fault: ← → move it by 1 ms (with Shift 10), + − change its duration, " +
  "Delete removes it, Esc cancels a drag.";
const MARKS = { holds: "✓", violated: "✕", undecided: "?" };
const SILENT_AFTER_MS = 8000;
const SILENCE = "No answer from the kernel yet. If it was restarted, run this cell again.";
const SETTLED_AFTER_MS = 120;

function node(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (name in made) made[name] = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

const button = (label, attributes) => node("button", { type: "button", ...attributes }, label);
const clamp = (value, low, high) => Math.min(Math.max(value, low), high);
const plain = (ms) => `${Math.round(ms * 1000) / 1000}`;

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
    this.stale = new Set(["token"]);
    this.build();
    this.hear = (message) => this.heard(message);
    model.on("msg:custom", this.hear);
    this.sizes = new ResizeObserver(() => this.resized());
    this.sizes.observe(this.stage);
  }

  close() {
    this.sizes.disconnect();
    clearTimeout(this.settling);
    clearTimeout(this.silence);
    this.model.off("msg:custom", this.hear);
  }

  // Questions and answers

  get gated() {
    return Boolean(this.state.gate);
  }

  get idle() {
    return !this.inFlight && this.waiting.length === 0;
  }

  ask(command, args = {}, kind = "") {
    this.root.ariaBusy = "true";
    if (command && command !== "sweep") this.error.textContent = "";
    if (kind && this.waiting.at(-1)?.kind === kind) this.waiting.pop();
    this.waiting.push({ command, arguments: args, kind });
    this.next();
  }

  look() {
    this.ask("", {}, "look");
  }

  next() {
    if (this.inFlight || this.waiting.length === 0) return;
    this.inFlight = true;
    this.silence = setTimeout(() => (this.error.textContent = SILENCE), SILENT_AFTER_MS);
    this.model.send({
      ...this.waiting.shift(),
      view: this.view, number: ++this.number, picture: this.picture, width: this.width,
      proof: this.hovered || this.proof, want: this.drag ? [] : this.wanted(),
      matching: this.filter.value,
    });
  }

  wanted() {
    const wants = {
      token: this.stale.has("token"),
      lines: this.log.open && (this.stale.has("lines") || this.matching !== this.filter.value),
      text: this.words.open && this.stale.has("text"),
    };
    return Object.keys(wants).filter((name) => wants[name]);
  }

  heard(message) {
    if (message.view !== this.view && message.changes > this.changes) this.look();
    if (message.view !== this.view || message.number !== this.number) return;
    clearTimeout(this.silence);
    this.inFlight = false;
    this.answered(message);
    this.next();
  }

  answered(answer) {
    if (answer.error) this.error.textContent = answer.error;
    else if (this.error.textContent === SILENCE) this.error.textContent = "";
    if (!answer.state) return;
    if (answer.svg) {
      this.stale.add("token").add("lines").add("text");
      this.draw(answer);
    }
    this.changes = answer.changes;
    this.state = answer.state;
    if (this.drag?.index >= this.state.faults.length) this.drag = null; // it went while it was held
    this.show(answer);
    this.settle();
  }

  // Once the learner's hands rest: the parts that cost more than a redraw may.
  settle() {
    clearTimeout(this.settling);
    if (this.drag) return;
    this.settling = setTimeout(() => {
      if (this.drag || !this.idle) return;
      if (this.wanted().length) this.look();
      else if (!this.state.swept) this.ask("sweep", {}, "sweep");
      else this.root.ariaBusy = "false";
    }, this.state?.swept === false ? 0 : SETTLED_AFTER_MS);
  }

  resized() {
    const width = Math.floor(this.stage.clientWidth);
    if (width === 0 || Math.abs(width - (this.width ?? 0)) < 8) return;
    this.width = width;
    this.look();
  }

  // Elements

  build() {
    const part = (name, tag = "div", attributes = {}, ...children) =>
      (this[name] = node(tag, { className: `lab-${name}`, ...attributes }, ...children));
    this.copy = button("Copy", { title: "Copy the token", onclick: () => this.copyToken() });
    part("filter", "input", {
      type: "search", placeholder: "Filter, e.g. server-a or drop", ariaLabel: "Filter the log",
      oninput: () => this.look(),
    });
    part("pasted", "input", {
      placeholder: "Paste a token: d1:…", ariaLabel: "Replay token to run", spellcheck: false,
      onkeydown: (event) => event.key === "Enter" && this.pasteToken(),
    });
    part("added", "input", {
      placeholder: "Another fault, e.g. crash:NAME@120+300", ariaLabel: "Add a fault as text",
      spellcheck: false,
      onkeydown: (event) => event.key === "Enter" && this.ask("add", { fault_text: event.target.value }),
    });
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
        node("span", {}, "Replay token"), part("token", "code"), this.copy,
        this.pasted, button("Run it", {
          title: "Go to the run that the token names", onclick: () => this.pasteToken(),
        })),
      part("log", "details", { ontoggle: () => this.settle() },
        node("summary", {}, "Event log"), this.filter, part("found", "span"), part("lines", "ol")),
      part("words", "details", { ontoggle: () => this.settle() },
        node("summary", {}, "The picture in words"), part("text", "pre")),
    );
    this.root.className = "lab dl-theme";
    this.root.setAttribute("role", "group");
    this.root.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.drag) this.cancelDrag();
      event.stopPropagation(); // JupyterLab has a command for nearly every letter
    });
  }

  // Children that are made anew only when what they show has changed; the focus stays in its place.
  fill(parent, key, make) {
    const text = JSON.stringify(key);
    if (parent.shows === text) return;
    parent.shows = text;
    const focusable = "button, input, select";
    const place = [...parent.querySelectorAll(focusable)].indexOf(document.activeElement);
    parent.replaceChildren(...make());
    if (place >= 0) {
      const now = parent.querySelectorAll(focusable);
      now[Math.min(place, now.length - 1)]?.focus();
    }
  }

  show(answer) {
    const { state } = this;
    this.title.textContent = state.title;
    this.claim.textContent = state.claim;
    this.invitation.textContent = state.faults.length ? INVITATION : FIRST;
    this.outcome.textContent = `${state.outcome.mark} ${state.outcome.name}`;
    this.outcome.dataset.tone = state.outcome.tone;
    this.root.setAttribute("aria-label", `Lab: ${state.title}`);
    this.gate.hidden = !this.gated;
    this.gate.textContent = state.gate;
    this.root.classList.toggle("lab-gated", this.gated);
    this.notice.textContent = [state.judgement, state.notice].filter(Boolean).join(" ");
    if (!this.drag && this.status.textContent !== state.status) this.status.textContent = state.status;
    this.showStates();
    this.showButtons();
    this.showVerdicts();
    this.showKnobs();
    this.showFaults();
    this.showStrip(answer.strip);
    for (const name of ["token", "text", "lines"]) if (answer[name] !== undefined) this.stale.delete(name);
    if (answer.token) this.token.textContent = answer.token;
    if (answer.text) this.text.textContent = answer.text;
    if (answer.lines) this.showLines(answer);
    this.place();
  }

  showButtons() {
    const { state } = this;
    this.fill(this.target, state.targets, () => {
      const option = (value) =>
        node("option", { value }, value === "*>*" ? "every link" : value.replace(">", " → "));
      const link = (name) => name.includes(">");
      return [
        node("optgroup", { label: "Machines" }, ...state.targets.filter((t) => !link(t)).map(option)),
        node("optgroup", { label: "Links" }, ...state.targets.filter(link).map(option)),
      ];
    });
    this.target.value = state.target;
    for (const place of ["verbs", "variants", "history"]) {
      const here = state.buttons.filter((button) => button.place === place);
      this.fill(this[place], here, () => here.map(({ name, label, meaning, disabled, pressed }) =>
        button(label, {
          title: meaning, disabled, "data-action": name, "aria-pressed": pressed || undefined,
          onclick: () => this.ask("press", { name }),
        })));
    }
  }

  showVerdicts() {
    const { verdicts } = this.state;
    this.fill(this.verdicts, [verdicts, this.proof], () => verdicts.map((verdict) => node("button", {
      type: "button", className: "lab-card", "data-word": verdict.word, "data-verdict": verdict.name,
      ariaPressed: `${this.proof === verdict.name}`, disabled: verdict.events === 0,
      title: verdict.events ? "Show the events that prove it" : "",
      onclick: () => this.prove(this.proof === verdict.name ? "" : verdict.name, ""),
    },
    node("span", { className: "lab-card-head" },
      node("b", {}, `${MARKS[verdict.word]} ${verdict.name}`), ` ${verdict.word}`,
      node("i", {}, verdict.role)),
    node("span", {}, verdict.explanation))));
  }

  // Show the witness of the verdict that was clicked, or of the one under the pointer.
  prove(proof, hovered) {
    if (proof === this.proof && hovered === this.hovered) return;
    Object.assign(this, { proof, hovered });
    this.look();
  }

  showKnobs() {
    const { knobs } = this.state;
    this.fill(this.knobs, [this.gated, knobs.map(({ value, ...rest }) => rest)],
      () => knobs.map((knob) => this.knob(knob)));
    for (const { name, value } of knobs) {
      for (const input of this.knobs.querySelectorAll(`[data-knob="${name}"]`)) {
        if (this.turning === input) continue;
        if (input.type === "checkbox") input.checked = value;
        else input.value = value;
      }
    }
  }

  knob({ name, meaning, value, low, high, choices }) {
    const turn = (text, gesture = "") => this.ask("turn", { name, text, gesture }, `turn ${name}`);
    const common = { title: meaning, "data-knob": name, ariaLabel: name, disabled: this.gated };
    const controls = [];
    if (choices) {
      controls.push(node("select", { ...common, onchange: ({ target }) => turn(target.value) },
        ...choices.map((choice) => node("option", { value: choice }, choice))));
    } else if (typeof value === "boolean") {
      controls.push(node("input", {
        ...common, type: "checkbox", onchange: ({ target }) => turn(target.checked ? "1" : "0"),
      }));
    } else {
      let gesture = "";
      if (high !== undefined) {
        controls.push(node("input", {
          ...common, type: "range", min: low, max: high,
          oninput: ({ target }) => {
            this.turning = target;
            turn(target.value, (gesture ||= this.newGesture()));
          },
          onchange: () => { gesture = ""; this.turning = null; this.look(); },
        }));
      }
      controls.push(node("input", {
        ...common, type: "number", min: low ?? 0, max: high,
        oninput: ({ target }) => (this.turning = target), // do not write into what somebody types
        onchange: ({ target }) => { this.turning = null; turn(target.value); },
        onblur: () => (this.turning = null),
      }));
    }
    return node("div", { className: "lab-knob" },
      node("span", {}, node("b", {}, name), ` ${meaning}`), node("span", {}, ...controls));
  }

  showFaults() {
    const { faults, selected } = this.state;
    this.fill(this.faults, [faults, this.gated], () => faults.map(({ text }, index) => node("li", {},
      node("input", {
        value: text, spellcheck: false, ariaLabel: `Fault ${index + 1}`, disabled: this.gated,
        title: "kind:target@at+for=amount, in milliseconds",
        onfocus: () => this.select(index),
        onchange: ({ target }) => this.ask("edit", { fault: index, fault_text: target.value }),
      }),
      button("✕", {
        title: "Remove this fault", ariaLabel: `Remove ${text}`, disabled: this.gated,
        onclick: () => this.ask("remove", { fault: index }),
      }))));
    [...this.faults.children].forEach((each, index) =>
      each.classList.toggle("lab-selected", index === selected));
    this.added.disabled = this.gated;
    if (faults.some(({ text }) => text === this.added.value)) this.added.value = "";
  }

  showStates() {
    const { states, instruments, cursor } = this.state;
    this.instant.textContent = `${plain(cursor)} ms`;
    this.fill(this.states, states, () => states.map(({ machine, power, text }) => node("li", {
      "data-power": power,
    }, node("b", {}, machine), ` ${power}`, text ? ` · ${text}` : "")));
    this.fill(this.instruments, instruments, () => instruments.map(({ svg, title, head, rows }) =>
      (svg ? parsed(svg) : table(title, head, rows))));
  }

  showStrip(strip) {
    const { faults, selected } = this.state;
    this.fill(this.strip, strip, () => (strip ? [parsed(strip)] : []));
    this.caption.textContent = strip
      ? `How the run ends when “${faults[selected].title}” comes at another instant.` : "";
  }

  showLines({ lines, found, matching }) {
    this.matching = matching;
    this.found.textContent = found > lines.length ? `${lines.length} of ${found} lines` : `${found} lines`;
    this.lines.replaceChildren(...lines.map((text) => node("li", {}, text)));
  }

  // The picture

  draw({ svg, layout, picture }) {
    this.picture = picture;
    this.layout = layout;
    const drawn = parsed(svg);
    const old = this.drawing.firstChild;
    if (old) transplant(old, drawn);
    else this.drawing.replaceChildren(drawn);
    if (this.bereft && document.activeElement === document.body) {
      ([...this.drawing.querySelectorAll("[data-fault]")].at(-1) ?? this.added).focus();
    }
    this.bereft = false;
  }

  x(ms) {
    const { left, right, from_ms, to_ms } = this.layout;
    return left + ((ms - from_ms) * (right - left)) / (to_ms - from_ms);
  }

  // The place under the pointer, in the picture's own pixels.
  pointAt({ clientX, clientY }) {
    const box = this.drawing.firstChild.getBoundingClientRect();
    const scale = this.layout.width / box.width;
    return { x: (clientX - box.left) * scale, y: (clientY - box.top) * scale };
  }

  // The instant under the pointer, rounded to a power of ten that is less than a pixel or two.
  msAt(event) {
    const { left, right, from_ms, to_ms } = this.layout;
    const pixel = (to_ms - from_ms) / (right - left);
    const step = pixel < 0.2 ? 0.1 : 10 ** Math.max(0, Math.floor(Math.log10(pixel)));
    const ms = from_ms + (this.pointAt(event).x - left) * pixel;
    return clamp(Math.round(ms / step) * step, 0, this.state.horizon);
  }

  // Everything that lies over the picture, in its place.
  place() {
    if (!this.layout) return;
    const { layout, state, drag } = this;
    const within = (ms) => clamp(this.x(ms), layout.left, layout.right);
    this.cursor.style.transform = `translateX(${within(state.cursor)}px)`;
    this.cursor.style.top = `${layout.top}px`;
    this.cursor.style.height = `${layout.bottom - layout.top}px`;
    this.gutter.style.width = `${layout.left - 8}px`;
    this.caption.style.marginLeft = `${layout.left}px`;
    this.scrub.style.width = `${layout.right - layout.left + 16}px`;
    this.scrub.min = layout.from_ms;
    this.scrub.max = layout.to_ms;
    if (document.activeElement !== this.scrub || this.idle) this.scrub.value = state.cursor;
    for (const group of this.drawing.querySelectorAll("[data-fault]")) {
      const moved = drag?.kind === "fault" && drag.index === Number(group.dataset.fault);
      const by = moved ? this.x(drag.ms) - this.x(state.faults[drag.index].at) : 0;
      group.style.transform = by ? `translateX(${by}px)` : "";
    }
    this.placeEnd(within);
    this.readout.hidden = !drag || drag.kind === "cursor";
    if (!this.readout.hidden) {
      this.readout.textContent = drag.kind === "end"
        ? `for ${plain(drag.ms - state.faults[drag.index].at)} ms` : `${plain(drag.ms)} ms`;
      this.readout.style.transform = `translateX(${within(drag.ms)}px) translateX(-50%)`;
    }
  }

  // The end of the selected fault: on the machine's life line, or amid those of the network.
  placeEnd(within) {
    const { layout, state: { faults, selected }, drag } = this;
    const { lasts, at, for: duration, machines } = faults[selected] ?? {};
    const from = drag?.kind === "fault" ? drag.ms : at;
    const end = drag?.kind === "end" ? drag.ms : duration === null ? layout.to_ms : from + duration;
    this.end.hidden = !lasts || end < layout.from_ms || end > layout.to_ms;
    if (this.end.hidden) return;
    const names = machines.length ? machines : Object.keys(layout.lanes);
    const lanes = names.map((name) => layout.lanes[name]);
    const y = (Math.min(...lanes) + Math.max(...lanes)) / 2;
    this.end.dataset.end = selected;
    this.end.style.transform = `translate(${within(end)}px, ${y}px)`;
  }

  // Hands: pointer and keyboard

  newGesture() {
    return `${this.view} ${++this.gestures}`;
  }

  select(index) {
    if (this.state.selected !== index) this.ask("select", { fault: index }, "select");
  }

  scrubTo(ms) {
    this.ask("scrub", { ms: Math.round(ms * 10) / 10 }, "scrub");
  }

  // Show `factor` times as much time, around the cursor; or move on by a part of what is shown.
  zoom(factor, by = 0) {
    if (!this.state) return;
    const { window: [from, to], cursor, horizon } = this.state;
    const span = Math.min((to - from) * factor, horizon);
    const middle = by ? (from + to) / 2 + by * span : factor < 1 ? cursor : (from + to) / 2;
    const start = clamp(middle - span / 2, 0, horizon - span);
    this.ask("zoom", { from_ms: start, to_ms: start + span }, "zoom");
  }

  grab(event) {
    if (event.button !== 0 || !this.state || this.drag) return;
    const end = event.target.closest("[data-end]");
    const fault = event.target.closest("[data-fault]");
    const ms = this.msAt(event);
    if (end || fault) {
      if (this.gated) return;
      const index = Number(end ? end.dataset.end : fault.dataset.fault);
      const { at, for: lasts } = this.state.faults[index];
      const from = end ? (lasts === null ? this.state.horizon : at + lasts) : at;
      const gesture = this.newGesture();
      this.drag = { kind: end ? "end" : "fault", index, ms: from, offset: from - ms, gesture };
      this.select(index);
    } else {
      this.drag = { kind: "cursor", ms };
      const machine = this.machineAt(event);
      if (machine && machine !== this.state.target) this.ask("aim", { target: machine });
      this.scrubTo(ms);
    }
    this.stage.setPointerCapture(event.pointerId);
    this.stage.classList.toggle("lab-dragging", this.drag.kind !== "cursor");
  }

  machineAt(event) {
    const { lanes } = this.layout;
    const { y } = this.pointAt(event);
    return Object.keys(lanes).find((name) => Math.abs(lanes[name] - y) < 20);
  }

  pull(event) {
    const { drag } = this;
    if (!drag) return;
    const ms = this.msAt(event);
    if (drag.kind === "cursor") return void this.scrubTo(ms);
    const { at } = this.state.faults[drag.index];
    const to = clamp(ms + drag.offset, drag.kind === "end" ? at : 0, this.state.horizon);
    if (to === drag.ms) return;
    drag.ms = to;
    this.place();
    const times = drag.kind === "end" ? { to_ms: at, for_ms: to - at } : { to_ms: to };
    this.ask("drag", { fault: drag.index, ...times, gesture: drag.gesture }, "drag");
  }

  letGo() {
    this.drag = null;
    this.stage.classList.remove("lab-dragging");
    if (this.state) this.look();
  }

  cancelDrag() {
    const gesture = this.drag?.gesture;
    this.drag = null;
    this.stage.classList.remove("lab-dragging");
    if (gesture) this.ask("cancel", { gesture });
    this.place();
  }

  key(event) {
    const fault = event.target.closest?.("[data-fault]");
    if (!fault || this.gated || event.ctrlKey || event.metaKey || event.altKey) return;
    const index = Number(fault.dataset.fault);
    const step = event.shiftKey ? 10 : 1;
    const { horizon } = this.state;
    const moves = {
      ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step,
      PageDown: -horizon / 20, PageUp: horizon / 20, Home: -horizon, End: horizon,
    };
    const stretches = { "+": 10, "=": 10, "-": -10, _: -10 };
    if (event.key === "Delete" || event.key === "Backspace") {
      this.bereft = true; // the element that has the focus may go
      this.ask("remove", { fault: index });
    } else if (event.key in moves || event.key in stretches) {
      const held = this.heldFault(index);
      held.to_ms = clamp(held.to_ms + (moves[event.key] ?? 0), 0, horizon);
      if (event.key in stretches) {
        held.for_ms = Math.max(0, (held.for_ms ?? held.lasts) + stretches[event.key]);
      }
      const { lasts, since, ...wanted } = held;
      this.ask("drag", wanted, "drag");
    } else {
      return;
    }
    event.preventDefault();
  }

  // Keys that follow each other quickly are one gesture, and do not wait for its answers.
  heldFault(index) {
    const now = performance.now();
    const { at, for: lasts } = this.state.faults[index];
    if (this.held?.fault !== index || now - this.held.since > 1000) {
      const gesture = this.newGesture();
      this.held = { fault: index, to_ms: at, lasts: lasts ?? this.state.horizon - at, gesture };
    }
    this.held.since = now;
    return this.held;
  }

  // Tokens

  pasteToken() {
    if (this.pasted.value.trim()) this.ask("paste", { token: this.pasted.value });
  }

  async copyToken() {
    try {
      await navigator.clipboard.writeText(this.token.textContent);
      this.copy.textContent = "Copied";
      setTimeout(() => (this.copy.textContent = "Copy"), 1500);
    } catch {
      getSelection().selectAllChildren(this.token); // no clipboard: at least it is selected
    }
  }
}

function table(title, head, rows) {
  const line = (cells, scope) => node("tr", {}, ...cells.map((cell, place) =>
    (place === 0 || scope === "col" ? node("th", { scope }, cell) : node("td", {}, cell))));
  return node("table", {}, node("caption", {}, title), node("thead", {}, line(head, "col")),
    node("tbody", {}, ...rows.map((cells) => line(cells, "row"))));
}

function parsed(svg) {
  const holder = document.createElement("template");
  holder.innerHTML = svg;
  return holder.content.firstChild;
}

// Put a new drawing in the place of an old one, but keep the elements of the faults: one of them may
// have the focus. They are the last in the drawing and in the order of the schedule.
function transplant(old, drawn) {
  for (const { name, value } of drawn.attributes) old.setAttribute(name, value);
  const kept = [...old.querySelectorAll(":scope > [data-fault]")];
  const fresh = [...drawn.querySelectorAll(":scope > [data-fault]")];
  kept.splice(fresh.length).forEach((group) => group.remove());
  kept.forEach((group, index) => {
    for (const { name, value } of fresh[index].attributes) group.setAttribute(name, value);
    group.replaceChildren(...fresh[index].childNodes);
    fresh[index].remove();
  });
  for (const child of [...old.childNodes]) if (!kept.includes(child)) child.remove();
  const [first] = kept;
  const behind = [...drawn.childNodes].filter((child) => !fresh.includes(child));
  if (first) first.before(...behind);
  else old.append(...behind);
  old.append(...fresh.filter((group) => group.parentNode === drawn));
}

export default {
  render({ model, el }) {
    const root = document.createElement("div");
    el.append(root);
    const lab = new Lab(model, root);
    return () => lab.close();
  },
};
