// Names the card around it, so that a screen reader says in which tool a button is.
function render({ model, el }) {
  el.classList.add("dl-look");
  const name = () => {
    const card = el.closest(".dl-card");
    if (!card) return requestAnimationFrame(name); // not yet in its place
    card.setAttribute("role", "group");
    card.setAttribute("aria-label", model.get("label"));
  };
  name();
}
export default { render };
