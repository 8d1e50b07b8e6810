// A Stop button. While a cell runs, the kernel hears no widget: the page interrupts it then.

const STYLE =
  "font: inherit; font-size: 13px; padding: 2px 14px; border-radius: 3px; cursor: pointer;" +
  "color: var(--jp-ui-font-color1, inherit); background: var(--jp-layout-color2, transparent);" +
  "border: 1px solid var(--jp-border-color1, #7b7b7b)";

function pageConfig() {
  const element = document.getElementById("jupyter-config-data");
  try {
    return JSON.parse(element?.textContent || "{}");
  } catch {
    return {};
  }
}

function cookie(name) {
  const found = document.cookie.split("; ").find((pair) => pair.startsWith(`${name}=`));
  return found ? found.slice(name.length + 1) : "";
}

// For front ends whose widgets do not know their kernel but whose page knows its server.
async function interruptByServer(kernelId) {
  const config = pageConfig();
  const base = (config.baseUrl || "/").replace(/\/?$/, "/");
  const headers = { "X-XSRFToken": cookie("_xsrf") };
  if (config.token) {
    headers.Authorization = `token ${config.token}`;
  }
  const answer = await fetch(`${base}api/kernels/${encodeURIComponent(kernelId)}/interrupt`, {
    method: "POST",
    credentials: "same-origin",
    headers,
  });
  if (!answer.ok) {
    throw new Error(`the server answered ${answer.status}`);
  }
}

async function interrupt(model) {
  const kernel = model.widget_manager?.kernel;
  if (typeof kernel?.interrupt === "function") {
    await kernel.interrupt();
  } else if (kernel?.id) {
    await interruptByServer(kernel.id);
  } else {
    throw new Error("this page does not know its kernel");
  }
}

async function stop(model) {
  if (model.get("interrupts")) {
    await interrupt(model);
  } else {
    model.send({ event: "stop" });
  }
}

function render({ model, el }) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "dlaaw-stop";
  button.style.cssText = STYLE;
  button.textContent = "\u25A0 Stop";
  button.setAttribute("aria-label", "Stop this run and keep what was trained so far");
  const onClick = async () => {
    button.disabled = true;
    button.textContent = "Stopping\u2026";
    try {
      await stop(model);
    } catch (error) {
      button.disabled = false;
      button.textContent = "\u25A0 Stop";
      words.textContent = ` Press the notebook's own stop button (${error.message}).`;
    }
  };
  // The notebook would take Enter or the space bar for a command of its own.
  const onKey = (event) => {
    if (!event.ctrlKey && !event.metaKey) {
      event.stopPropagation();
    }
  };
  const words = document.createElement("span");
  words.setAttribute("role", "status");
  button.addEventListener("click", onClick);
  button.addEventListener("keydown", onKey);
  el.append(button, words);
  return () => {
    button.removeEventListener("click", onClick);
    button.removeEventListener("keydown", onKey);
  };
}

export default { render };
