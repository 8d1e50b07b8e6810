/** The way from the workflow to the one inside that is drawn; each step leads back to it. */

export function Crumbs(props: {
  name: string; way: string[]; goTo: (way: string[]) => void;
}): React.JSX.Element | null {
  const { name, way, goTo } = props;
  if (way.length === 0) {
    return null;
  }
  const steps = [name, ...way];
  return (
    <nav className="dlaaw-crumbs" aria-label="Where this is">
      <ol>
        {steps.map((step, place) => (
          <li key={place}>
            {place < way.length ? (
              <button type="button" className="dlaaw-link" onClick={() => goTo(way.slice(0, place))}>
                {step}
              </button>
            ) : (
              <span aria-current="page">{step}</span>
            )}
          </li>
        ))}
      </ol>
    </nav>
  );
}
