"""What tests of the lab in a browser have in common. It needs playwright."""

from playwright.sync_api import expect


def at(page, experiment):
    """Wait until the browser shows what the experiment says, to the token."""
    expect(page.locator(".lab-outcome")).to_contain_text(experiment.outcome.name)
    expect(page.locator(".lab-token")).to_have_text(experiment.token)
    expect(page.locator(".lab-status")).to_have_text(experiment.status)
    expect(page.locator("[data-fault]")).to_have_count(len(experiment.faults))
    return experiment


def settled(page):
    """Wait until nothing is on its way, the strip included."""
    expect(page.locator(".lab[aria-busy=false]")).to_have_count(1, timeout=20_000)


def fault_at(page, index):
    """The middle of a fault's knob, measured in one step: a redraw may come between two."""
    return page.evaluate(
        """index => {
          const knob = document.querySelector(`[data-fault="${index}"] .dl-knob`);
          const { x, y, width, height } = knob.getBoundingClientRect();
          return [x + width / 2, y + height / 2];
        }""",
        index,
    )


def opened(page):
    """Open what stands under More."""
    if not page.locator(".lab-more").evaluate("more => more.open"):
        page.locator(".lab-more > summary").click()
