// Requests to the kernel. A request is a command (a method of the lab in widget.py, most of them
// those of experiment.py) with its arguments; see widget.py for the answer. At most one request is
// on its way. While it is, a newer request of the same kind takes the place of the one that waits:
// the latest drag wins.

const RESTING_AFTER_MS = 120;

const requests = {
  ask(command, args = {}, kind = "") {
    this.root.ariaBusy = "true";
    if (command && command !== "sweep") this.complain("");
    if (command && !["scrub", "aim", "sweep"].includes(command)) this.looking = false;
    if (kind && this.waiting.at(-1)?.kind === kind) this.waiting.pop();
    this.waiting.push({ command, arguments: args, kind });
    this.next();
  },

  look() {
    this.ask("", {}, "look");
  },

  next() {
    if (this.stopped || this.inFlight || this.waiting.length === 0) return;
    this.inFlight = this.waiting.shift();
    this.listen();
    const request = {
      ...this.inFlight,
      view: this.view, number: ++this.number, picture: this.picture, width: this.width,
      proof: this.hovered || this.proof, want: this.drag ? [] : this.wanted(),
      matching: this.filter.value,
    };
    try {
      this.model.send(request);
    } catch {
      this.stop(); // there is no line to the kernel any more
    }
  },

  wanted() {
    const wants = {
      token: this.outdated.has("token"),
      lines: this.log.open && (this.outdated.has("lines") || this.matching !== this.filter.value),
      text: this.words.open && this.outdated.has("text"),
    };
    return Object.keys(wants).filter((name) => wants[name]);
  },

  hear(message) {
    if (message.type === "arrive") this.root.scrollIntoView({ block: "nearest", behavior: "smooth" });
    if (message.view !== this.view && message.changes > this.changes) this.look();
    if (message.view !== this.view || message.number !== this.number) return;
    const asked = this.inFlight;
    this.inFlight = null;
    this.heard();
    this.still(() => this.answered(message, asked));
    this.next();
  },

  answered(answer, asked) {
    if (answer.error) this.complain(answer.error, this.fieldOf(asked));
    this.watch();
    if (!answer.state) return;
    const { cursor } = this.state ?? {};
    this.changes = answer.changes;
    this.state = answer.state;
    if (this.waiting.some(({ kind }) => kind === "scrub")) this.state.cursor = cursor; // it is newer
    if (answer.svg) {
      this.outdated.add("token").add("lines").add("text");
      this.draw(answer);
    }
    if (this.drag?.index >= this.state.faults.length) this.drag = null; // it went while it was held
    this.show(answer);
    if (answer.svg) this.arrive();
    this.lookWhenIdle();
  },

  // Say what was wrong at the field that caused it: over the page, so that nothing moves.
  complain(words, field = this.tools) {
    this.error.parentNode.querySelector("[aria-invalid]")?.removeAttribute("aria-invalid");
    this.error.textContent = words;
    this.error.hidden = !words;
    (words ? field : this.root).append(this.error);
    if (!words) return;
    if (field !== this.tools) field.querySelector("input, select")?.setAttribute("aria-invalid", "true");
  },

  fieldOf({ command, arguments: { name, fault } }) {
    if (command === "turn") return this.root.querySelector(`.lab-knob[data-of="${name}"]`) ?? undefined;
    if (command === "edit") return this.faults.children[fault];
    return { add: this.added.parentNode, paste: this.replay }[command];
  },

  // What the pointer is on, or has the focus, stays where it is, even if something above it has
  // become taller: then the page is scrolled by as much.
  still(update) {
    if (this.drag) return void update(); // the stage itself does not move
    const hand = [...this.root.querySelectorAll(":hover")].at(-1) ?? document.activeElement;
    const part = this.root.contains(hand) ? hand.closest("[data-part]") : null;
    const before = part?.getBoundingClientRect().top;
    update();
    const moved = part ? part.getBoundingClientRect().top - before : 0;
    if (Math.abs(moved) >= 1) this.pane?.scrollBy({ top: moved, behavior: "instant" });
  },

  // Ask for what costs more than a redraw may, once the learner's hands rest.
  lookWhenIdle() {
    clearTimeout(this.rest);
    if (this.drag) return;
    this.rest = setTimeout(() => {
      if (this.drag || !this.idle) return;
      if (this.wanted().length) this.look();
      else if (!this.state.swept) this.ask("sweep", {}, "sweep");
      else this.root.ariaBusy = "false";
    }, this.state?.swept === false ? 0 : RESTING_AFTER_MS);
  },
};
