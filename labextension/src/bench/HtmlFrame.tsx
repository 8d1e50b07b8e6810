/** HTML from a kernel in a frame where no script runs, nothing is fetched, and no style gets out. */
import { useCallback, useState } from 'react';

const POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:";
// Another scheme than that of the page would be drawn on white.
const LOOKS = ['color', 'color-scheme', 'font-family', 'font-size'];
const CODE = ['meta', 'comment', 'keyword', 'number', 'string', 'def', 'operator'].map(
  name => `--jp-mirror-editor-${name}-color`
);

export function HtmlFrame({ html, title }: { html: string; title: string }): JSX.Element {
  const [height, setHeight] = useState(40);
  const fit = useCallback((frame: HTMLIFrameElement) => {
    const inner = frame.contentDocument?.documentElement;
    const looks = getComputedStyle(frame);
    [...LOOKS, ...CODE].forEach(name => inner?.style.setProperty(name, looks.getPropertyValue(name)));
    setHeight((inner?.scrollHeight ?? 40) + 2);
  }, []);
  // Same origin without scripts: its height can be read, and nothing in it can act.
  return (
    <iframe
      className="dlaaw-html"
      title={title}
      sandbox="allow-same-origin"
      srcDoc={`<meta http-equiv="Content-Security-Policy" content="${POLICY}">${html}`}
      style={{ height }}
      onLoad={event => fit(event.currentTarget)}
    />
  );
}
