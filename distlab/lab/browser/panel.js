// What stands around the picture: buttons, verdicts, knobs, faults, machines, the log.

const INVITATION = "Drag a fault along the time axis: the whole history is computed again.";
const FIRST = "Press a button to break something, then drag it along the time axis.";

const panel = {
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
    for (const place of ["verbs", "variants", "history"]) {
      const here = state.buttons.filter((button) => button.place === place);
      this.fill(this[place], here, () => here.map(({ name, label, meaning, disabled, pressed }) =>
        button(label, {
          title: meaning, disabled, "data-action": name, "aria-pressed": pressed || undefined,
          onclick: () => this.ask("press", { name }),
        })));
    }
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
    this.fill(this.knobs, [this.gated, knobs.map(({ value, ...rest }) => rest)],
      () => knobs.map((knob) => this.knob(knob)));
    for (const { name, value } of knobs) {
      for (const input of this.knobs.querySelectorAll(`[data-knob="${name}"]`)) {
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
    return node("div", { className: "lab-knob" },
      node("span", {}, node("b", {}, name), ` ${meaning}`), node("span", {}, ...controls));
  },

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
  },

  showStates() {
    const { states, instruments, cursor } = this.state;
    this.instant.textContent = `${plain(cursor)} ms`;
    this.fill(this.states, states, () => states.map(({ machine, power, text }) => node("li", {
      "data-power": power,
    }, node("b", {}, machine), ` ${power}`, text ? ` · ${text}` : "")));
    this.fill(this.instruments, instruments, () => instruments.map(({ svg, title, head, rows }) =>
      (svg ? parsed(svg) : table(title, head, rows))));
  },

  showStrip(strip) {
    const { faults, selected } = this.state;
    this.fill(this.strip, strip, () => (strip ? [parsed(strip)] : []));
    this.caption.textContent = strip
      ? `How the run ends when “${faults[selected].title}” comes at another instant.` : "";
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
    parent.replaceChildren(...make());
    if (place >= 0) {
      const now = parent.querySelectorAll(focusable);
      now[Math.min(place, now.length - 1)]?.focus();
    }
  },
};
