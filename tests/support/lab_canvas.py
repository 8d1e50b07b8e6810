"""A canvas in JupyterLab, handled as a person does: with the mouse, and by typing into fields."""

from __future__ import annotations

DROP_STEPS = 8

# Resolves when the view has stayed where it is for 30 frames.
STILL = """root => new Promise(resolve => {
  const view = root.querySelector('.react-flow__viewport');
  let last = '', frames = 0;
  const look = () => {
    frames = view.style.transform === last ? frames + 1 : 0;
    last = view.style.transform;
    frames < 30 ? requestAnimationFrame(look) : resolve();
  };
  look();
})"""


class Canvas:
    """A canvas on a page.

    Parameters
    ----------
    root : playwright Locator
        What holds one canvas and no other.
    """

    def __init__(self, root: object) -> None:
        self.root = root
        self.page = root.page
        self.pane = root.locator(".react-flow__pane")

    def node(self, name: str) -> object:
        """Give the node of a task, or of an input or output of the workflow."""
        return self.root.locator(
            ".react-flow__node", has=self.page.locator(f".dlaaw-name:text-is('{name}')")
        ).first

    def find(self, words: str) -> object:
        """Search the palette; gives the first entry."""
        self.root.locator(".dlaaw-search").fill(words)
        return self.root.locator(f".dlaaw-entry[data-kind='{words}']").first

    def end(self, side: str, task: str, port: str, dx: float, dy: float) -> None:
        """Make an input or output of the workflow, by an edge from a port to where nothing is."""
        words = {"input": "Make an input", "output": "Make it an output"}[side]
        self.into_the_open(side, task, port, dx, dy)
        self.root.locator("button", has_text=f"{words} of the workflow").click()

    def drag(self, kind: str, x: float, y: float) -> None:
        """Drag an entry of the palette to a place of the pane, in pixels from its corner."""
        box = self.pane.bounding_box()
        self._drag(self.find(kind), box["x"] + x, box["y"] + y)

    def drag_below(self, kind: str, layer: str) -> None:
        """Drag a layer of the palette into a network, below one of its layers."""
        entry = self.find(kind)
        box = self.root.locator(".dlaaw-layer", has_text=layer).last.bounding_box()
        self._drag(entry, box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.8)

    def port(self, side: str, task: str, port: str) -> object:
        """Give the handle of a port: side "input" or "output"."""
        return self.root.locator(f"[aria-label^='{side} {port} of {task}:']")

    def connect(self, source: str, port: str, target: str, entry: str) -> None:
        """Draw an edge with the mouse."""
        self._pull(self.port("output", source, port), self.port("input", target, entry))

    def into_the_open(self, side: str, task: str, port: str, dx: float, dy: float) -> None:
        """Draw an edge from a port to where nothing is."""
        x, y = _middle(self.port(side, task, port))
        self._pull_to(x, y, x + dx, y + dy)

    def field(self, label: str) -> object:
        """Give a field of the form."""
        return self.root.locator(".dlaaw-form").get_by_label(label, exact=True)

    def set(self, label: str, text: str) -> None:
        """Type into a field of the form."""
        self.field(label).fill(text)
        self.field(label).press("Enter")

    def tool(self, name: str) -> object:
        """Give a button of the toolbar, by its own name."""
        return self.root.locator(f".dlaaw-tool-{name}")

    def bring_in(self, tool: str = "fit") -> None:
        """Click "fit" or "layout", and wait until the view is there.

        An edge that is drawn near the border moves the view, the further the slower the machine.
        """
        self.tool(tool).click()
        self.root.evaluate(STILL)

    def _pull(self, source: object, target: object) -> None:
        self._pull_to(*_middle(source), *_middle(target))

    def _pull_to(self, x: float, y: float, to_x: float, to_y: float) -> None:
        mouse = self.page.mouse
        mouse.move(x, y)
        mouse.down()
        mouse.move(to_x, to_y, steps=DROP_STEPS)
        mouse.up()

    def _drag(self, entry: object, x: float, y: float) -> None:
        entry.scroll_into_view_if_needed()
        mouse = self.page.mouse
        mouse.move(*_middle(entry))
        mouse.down()
        mouse.move(x - 5, y, steps=DROP_STEPS)
        mouse.move(x, y, steps=2)
        mouse.up()


def draw_network_1(canvas: Canvas) -> None:
    """Drag the layers of the paper's network 1 from the palette into a network."""
    canvas.drag("Linear", 330, 40)
    canvas.node("Network1").wait_for()
    canvas.set("in_features", "5")
    canvas.set("out_features", "3")
    canvas.drag_below("ReLU", "Linear1")
    canvas.drag_below("Linear", "ReLU1")
    canvas.set("out_features", "1")
    canvas.drag_below("Sigmoid", "Linear2")


def _middle(locator: object) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
