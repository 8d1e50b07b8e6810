/** HTML from a kernel in a frame where no script runs, nothing is fetched, and no style gets out. */
import { useEffect, useRef, useState } from 'react';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";
// Where the colour scheme is another one than around it, a browser paints the frame white.
const LOOKS = ['color', 'color-scheme', 'font-family', 'font-size'];
/** What a theme of JupyterLab changes on the page's body. */
const THEME = ['data-jp-theme-light', 'data-jp-theme-name', 'class'];
/** Colours of code, as in JupyterLab's editors. */
const CODE = ['meta', 'comment', 'keyword', 'number', 'string', 'def', 'operator'].map(
  name => `--jp-mirror-editor-${name}-color`
);
// The caption of a narrow table stays on one line.
const STYLE = '<style>caption { white-space: nowrap; }</style>';

export function HtmlFrame({ html, title }: { html: string; title: string }): JSX.Element {
  const frame = useRef<HTMLIFrameElement>(null);
  const [height, setHeight] = useState(40);
  const dress = () => {
    const inner = frame.current?.contentDocument?.documentElement;
    if (inner) {
      const looks = getComputedStyle(frame.current!);
      [...LOOKS, ...CODE].forEach(name => inner.style.setProperty(name, looks.getPropertyValue(name)));
    }
  };
  useEffect(() => {
    // The style sheets of a theme come some time after its name: once more when they are there.
    const watch = new MutationObserver(() => dress());
    watch.observe(document.body, { attributes: true, attributeFilter: THEME });
    watch.observe(document.head, { childList: true });
    document.head.addEventListener('load', dress, true);
    return () => {
      watch.disconnect();
      document.head.removeEventListener('load', dress, true);
    };
  }, []);
  // Same origin without scripts: its height can be read, and nothing in it can act.
  return (
    <iframe
      ref={frame}
      className="dlaaw-html"
      title={title}
      sandbox="allow-same-origin"
      srcDoc={`<meta http-equiv="Content-Security-Policy" content="${POLICY}">${STYLE}${html}`}
      style={{ height }}
      onLoad={() => {
        dress();
        setHeight((frame.current?.contentDocument?.documentElement.scrollHeight ?? 40) + 2);
      }}
    />
  );
}
