// Whether the kernel is there. JupyterLab says so in its toolbar; elsewhere silence is the only sign.

const SILENT_AFTER_MS = 900;
const SLOW_AFTER_MS = 8000;
const STOPPED = new Set(["restarting", "autorestarting", "dead", "terminating", "starting"]);
const AWAY = new Set(["connecting", "disconnected", "unknown"]);

const kernel = {
  // Once the lab stands in the page.
  watch() {
    if (this.statuses) return;
    const toolbar = this.root.closest(".jp-NotebookPanel")?.querySelector(".jp-NotebookPanel-toolbar");
    if (!toolbar) return;
    this.statuses = new MutationObserver(() => {
      const status = this.kernelStatus;
      if (STOPPED.has(status)) this.stop();
      else if (AWAY.has(status)) this.lose("There is no connection to the kernel.");
      else this.lose("");
    });
    this.statuses.observe(toolbar, { subtree: true, childList: true, attributeFilter: ["data-status"] });
  },

  get kernelStatus() {
    return this.root.closest(".jp-NotebookPanel")?.querySelector("[data-status]")?.dataset.status;
  },

  // A kernel that has nothing to do answers in much less than a second.
  listen() {
    clearTimeout(this.silence);
    this.silence = setTimeout(() => {
      if (this.kernelStatus === "idle") return void this.stop();
      this.silence = setTimeout(() => this.lose("No answer from the kernel yet."), SLOW_AFTER_MS);
    }, SILENT_AFTER_MS);
  },

  heard() {
    clearTimeout(this.silence);
    this.stopped = false;
    this.lose("");
  },

  // The kernel that had this lab is gone: another one does not know it.
  stop() {
    clearTimeout(this.silence);
    this.lose(`The kernel has stopped, and this lab with it. Run the cells above again, then ${this.cell}.`);
    this.stopped = true;
  },

  get cell() {
    const prompt = this.root.closest(".jp-Cell")?.querySelector(".jp-InputPrompt")?.textContent ?? "";
    const number = /\[\d+\]/.exec(prompt);
    return number ? `cell ${number[0]}` : "this cell";
  },

  // Look dead and say why; with no reason, look alive.
  lose(why) {
    if (this.stopped || this.lost === why) return;
    this.lost = why;
    this.root.classList.toggle("lab-lost", Boolean(why));
    for (const child of this.root.children) child.inert = Boolean(why) && child !== this.say;
    this.say.setAttribute("role", why ? "alert" : "note");
    if (why || this.state) this.speak();
  },
};
