// Requests to the kernel. A request is a command (a method of the lab in widget.py, most of them
// those of experiment.py) with its arguments; see widget.py for the answer. At most one request is
// on its way. While it is, a newer request of the same kind takes the place of the one that waits:
// the latest drag wins.

const SILENT_AFTER_MS = 8000;
const SILENCE = "No answer from the kernel yet. If it was restarted, run this cell again.";
const RESTING_AFTER_MS = 120;

const requests = {
  ask(command, args = {}, kind = "") {
    this.root.ariaBusy = "true";
    if (command && command !== "sweep") this.error.textContent = "";
    if (kind && this.waiting.at(-1)?.kind === kind) this.waiting.pop();
    this.waiting.push({ command, arguments: args, kind });
    this.next();
  },

  look() {
    this.ask("", {}, "look");
  },

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
    if (message.view !== this.view && message.changes > this.changes) this.look();
    if (message.view !== this.view || message.number !== this.number) return;
    clearTimeout(this.silence);
    this.inFlight = false;
    this.answered(message);
    this.next();
  },

  answered(answer) {
    if (answer.error) this.error.textContent = answer.error;
    else if (this.error.textContent === SILENCE) this.error.textContent = "";
    if (!answer.state) return;
    this.changes = answer.changes;
    this.state = answer.state;
    if (answer.svg) {
      this.outdated.add("token").add("lines").add("text");
      this.draw(answer);
    }
    if (this.drag?.index >= this.state.faults.length) this.drag = null; // it went while it was held
    this.show(answer);
    this.lookWhenIdle();
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
