// What stands around the picture: buttons, verdicts, knobs, faults, machines, the log.

const INVITATION = "Drag a fault along the axis of time: the whole history is computed again.";
const FIRST = "Press a button to break something, then drag it along the axis of time.";
const NO_STRIP = "Here you will see how the run ends with a fault at any other instant.";

const panel = {
  show(answer) {
    const { state } = this;
    this.title.textContent = state.title;
    this.invitation.textContent = state.faults.length ? INVITATION : FIRST;
    this.invitation.hidden = this.gated || state.faults.length >= state.lanes;
    this.outcome.textContent = `${state.outcome.mark} ${state.outcome.name}`;
    this.outcome.dataset.tone = state.outcome.tone;
    this.root.setAttribute("aria-label", `Lab: ${state.title}`);
    this.root.classList.toggle("lab-gated", this.gated);
    this.root.classList.toggle("lab-asked", state.asked);
    this.root.classList.toggle("lab-small", state.small);
    this.root.classList.toggle("lab-offers", state.offers.length > 0);
    this.speak();
    this.notice.textContent = state.notice;
    if (!this.drag && this.status.textContent !== state.status) this.status.textContent = state.status;
    this.showInstruments();
    this.showButtons();
    this.showVerdicts();
    this.showKnobs();
    this.showFaults();
    this.showStrip(answer.strip);
    for (const name of ["token", "text", "lines"]) if (answer[name] !== undefined) this.outdated.delete(name);
    if (answer.token) this.token.textContent = answer.token;
    if (answer.text) this.text.textContent = answer.text;
    if (answer.lines) this.showLines(answer);
    this.place();
  },

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
    for (const place of ["happen", "setting", "seed", "history"]) {
      this.fill(place === "seed" ? this.again : this[place],
        state.buttons.filter((each) => each.place === place), (here) => this.buttons(here));
    }
    // Verbs for machines and for links have one place, as large as the larger of the two.
    this.fill(this.verbs, state.verbs, (kinds) => kinds.map((verbs) =>
      node("span", { inert: verbs[0].target !== state.target }, ...this.buttons(verbs))));
  },

  buttons(buttons) {
    return buttons.map(({ name, label, meaning, disabled, pressed }) => button(label, {
      title: meaning, disabled, "data-action": name,
      "aria-pressed": pressed === undefined ? undefined : `${pressed}`,
      onclick: () => this.ask("press", { name }),
    }));
  },

  // One place for the words of the lab: why it waits, how the prediction did, or what it is about.
  speak() {
    const { gate, judgement, claim } = this.state ?? {};
    this.say.textContent = this.lost || gate || judgement || claim || "";
    this.say.dataset.kind = this.lost ? "lost" : gate ? "gate" : judgement ? "judgement" : "claim";
  },

  showVerdicts() {
    const { verdicts } = this.state;
    this.fill(this.verdicts, [verdicts, this.proof], () => verdicts.map(
      ({ name, word, tone, mark, role, explanation, events }) => node("button", {
        type: "button", className: "lab-card", "data-tone": tone, "data-verdict": name,
        ariaPressed: `${this.proof === name}`, disabled: events === 0,
        title: events ? "Show the events that prove it" : "",
        onclick: () => this.prove(this.proof === name ? "" : name, ""),
      },
      node("span", { className: "lab-card-head" },
        node("b", {}, `${mark} ${name}`), ` ${word}`, node("i", {}, role)),
      node("span", {}, explanation))));
  },

  // Show the witness of the verdict that was clicked, or of the one under the pointer.
  prove(proof, hovered) {
    if (proof === this.proof && hovered === this.hovered) return;
    Object.assign(this, { proof, hovered });
    this.look();
  },

  showKnobs() {
    const { knobs } = this.state;
    const known = knobs.map(({ value, ...rest }) => rest);
    this.fill(this.knobs, [this.gated, known], () => knobs.slice(0, -1).map((knob) => this.knob(knob)));
    this.fill(this.seed, [this.gated], () => [this.knob(knobs.at(-1))]);
    for (const { name, value } of knobs) {
      for (const input of this.root.querySelectorAll(`[data-knob="${name}"]`)) {
        if (this.turning === input) continue;
        if (input.type === "checkbox") input.checked = value;
        else input.value = value;
      }
    }
  },

  knob({ name, meaning, value, low, high, choices }) {
    const turn = (text, gesture = "") => this.ask("turn", { name, text, gesture }, `turn ${name}`);
    const control = (tag, attributes, ...children) => node(tag, {
      title: meaning, "data-knob": name, ariaLabel: name, disabled: this.gated, ...attributes,
    }, ...children);
    const number = () => control("input", {
      type: "number", min: low ?? 0, max: high,
      oninput: ({ target }) => (this.turning = target), // do not write into what somebody types
      onchange: ({ target }) => { this.turning = null; turn(target.value); },
      onblur: () => (this.turning = null),
    });
    let gesture = "";
    const slider = () => control("input", {
      type: "range", min: low, max: high,
      oninput: ({ target }) => {
        this.turning = target;
        turn(target.value, (gesture ||= this.newGesture()));
      },
      onchange: () => { gesture = ""; this.turning = null; this.look(); },
    });
    const controls = choices ? [control("select", { onchange: ({ target }) => turn(target.value) },
      ...choices.map((choice) => node("option", { value: choice }, choice)))]
      : typeof value === "boolean" ? [control("input", {
        type: "checkbox", onchange: ({ target }) => turn(target.checked ? "1" : "0"),
      })]
        : high === undefined ? [number()] : [slider(), number()];
    return node("div", { className: "lab-knob", "data-of": name },
      node("span", {}, node("b", {}, name), ` ${meaning}`), node("span", {}, ...controls));
  },

  showFaults() {
    const { faults, selected } = this.state;
    this.fill(this.faults, [faults, this.gated], () => faults.map(({ text }, index) => node("li", { className: "lab-field" },
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
  },

  showInstruments() {
    const { instruments } = this.state;
    const tall = Object.keys(this.layout.lanes).length > 5 || instruments.some(({ svg }) => svg);
    this.root.classList.toggle("lab-tall", tall);
    this.fill(this.instruments, instruments, () => instruments.map(({ svg, title, head, rows }) =>
      (svg ? parsed(svg) : table(title, head, rows))));
  },

  // While a new strip is computed, the old one stays and is dim.
  showStrip(strip) {
    const { faults, selected, swept } = this.state;
    const old = !swept && this.strip.whole;
    this.strip.classList.toggle("lab-old", old);
    if (!old) {
      this.fill(this.strip, strip, () => (strip ? [parsed(strip)] : []));
      this.strip.whole = Boolean(strip) && swept;
    }
    this.caption.textContent = strip || !swept
      ? `How the run ends when “${faults[selected].title}” comes at another instant` : NO_STRIP;
  },

  showLines({ lines, found, matching }) {
    this.matching = matching;
    this.found.textContent = found > lines.length ? `${lines.length} of ${found} lines` : `${found} lines`;
    this.lines.replaceChildren(...lines.map((text) => node("li", {}, text)));
  },

  pasteToken() {
    if (this.pasted.value.trim()) this.ask("paste", { token: this.pasted.value });
  },

  async copyToken() {
    try {
      await navigator.clipboard.writeText(this.token.textContent);
      this.copy.textContent = "Copied";
      setTimeout(() => (this.copy.textContent = "Copy"), 1500);
    } catch {
      getSelection().selectAllChildren(this.token); // no clipboard: at least it is selected
    }
  },

  // Make the children of an element anew, if what they show has changed; the focus stays in its place.
  fill(parent, key, make) {
    const text = JSON.stringify(key);
    if (parent.shows === text) return;
    parent.shows = text;
    const focusable = "button, input, select";
    const place = [...parent.querySelectorAll(focusable)].indexOf(document.activeElement);
    parent.replaceChildren(...make(key));
    if (place >= 0) {
      const now = parent.querySelectorAll(focusable);
      now[Math.min(place, now.length - 1)]?.focus();
    }
  },
};
