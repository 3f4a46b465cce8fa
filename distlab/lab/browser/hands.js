// Pointer and keyboard: what they do to the picture.

const hands = {
  newGesture() {
    return `${this.view} ${++this.gestures}`;
  },

  select(index) {
    if (this.state.selected !== index) this.ask("select", { fault: index }, "select");
  },

  // Show `factor` times as much time, around the cursor; or move on by a part of what is shown.
  zoom(factor, by = 0) {
    if (!this.state) return;
    const { window: [from, to], cursor, horizon } = this.state;
    const span = Math.min((to - from) * factor, horizon);
    const middle = by ? (from + to) / 2 + by * span : factor < 1 ? cursor : (from + to) / 2;
    const start = clamp(middle - span / 2, 0, horizon - span);
    this.ask("zoom", { from_ms: start, to_ms: start + span }, "zoom");
  },

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
      const seen = clamp(from, this.layout.from_ms, this.layout.to_ms);
      const gesture = this.newGesture();
      this.drag = { kind: end ? "end" : "fault", index, ms: from, offset: seen - ms, gesture };
      this.select(index);
    } else {
      this.drag = { kind: "cursor", ms };
      const machine = this.machineAt(event);
      if (machine && machine !== this.state.target) this.ask("aim", { target: machine });
      this.scrubTo(ms);
    }
    this.stage.setPointerCapture(event.pointerId);
    this.stage.classList.toggle("lab-dragging", this.drag.kind !== "cursor");
  },

  machineAt(event) {
    const { lanes } = this.layout;
    const { y } = this.pointAt(event);
    return Object.keys(lanes).find((name) => Math.abs(lanes[name] - y) < 20);
  },

  pull(event) {
    const { drag } = this;
    if (!drag) return;
    const ms = this.msAt(event);
    if (drag.kind === "cursor") return void this.scrubTo(ms);
    const { at } = this.state.faults[drag.index];
    const { from_ms, to_ms } = this.layout;
    const to = clamp(ms + drag.offset, drag.kind === "end" ? at : from_ms, to_ms);
    if (to === drag.ms) return;
    drag.ms = to;
    this.placeFaults();
    const times = drag.kind === "end" ? { to_ms: at, for_ms: to - at } : { to_ms: to };
    this.ask("drag", { fault: drag.index, ...times, gesture: drag.gesture }, "drag");
  },

  letGo() {
    this.drag = null;
    this.stage.classList.remove("lab-dragging");
    if (this.state) this.look();
  },

  cancelDrag() {
    const gesture = this.drag?.gesture;
    this.drag = null;
    this.stage.classList.remove("lab-dragging");
    if (gesture) this.ask("cancel", { gesture });
    this.place();
  },

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
  },

  // Keys that follow each other quickly are one gesture, and do not wait for the answers.
  heldFault(index) {
    const now = performance.now();
    const { at, for: lasts } = this.state.faults[index];
    if (this.held?.fault !== index || now - this.held.since > 1000) {
      const gesture = this.newGesture();
      this.held = { fault: index, to_ms: at, lasts: lasts ?? this.state.horizon - at, gesture };
    }
    this.held.since = now;
    return this.held;
  },
};
